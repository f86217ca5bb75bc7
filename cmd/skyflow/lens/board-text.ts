import type { CloutBoard, FlowBoard, KudosBoard, LensBoard, PulseBoard } from '#pkg/contracts/lens.ts';
import { formatCount } from '#pkg/runtime/quantities.ts';
import { flowChart, shortTime } from './flow-chart.ts';
import { type Column, table } from './table.ts';
import { fit, plain } from './width.ts';

/** What a board is drawn into. */
export interface BoardFrame {
  readonly fromMs: number;
  readonly toMs: number;
  /** When the index began, where that is known. */
  readonly sinceMs?: number | undefined;
  readonly width: number;
}

/** Whether the index has anything of the window before: not where it began within the window, or later. */
export const knowsBefore = ({ fromMs, sinceMs }: Pick<BoardFrame, 'fromMs' | 'sinceMs'>): boolean =>
  sinceMs === undefined || sinceMs < fromMs;

/** A board as lines: flow as a chart with its peaks, the others as tables. */
export const boardLines = (board: LensBoard, frame: BoardFrame): string[] => {
  switch (board.lens) {
    case 'flow':
      return flowLines(board, frame);
    case 'clout':
      return cloutLines(board, frame);
    case 'kudos':
      return kudosLines(board, frame);
    case 'pulse':
      return pulseLines(board, frame);
  }
};

/** The handle, or where there is none the DID. */
export const nameOf = ({ did, handle }: { did: string; handle: string | null }): string =>
  plain(handle === null || handle === '' ? did : `@${handle}`);

const left = (title: string, rank = 0): Column => ({ title, align: 'left', rank });
const right = (title: string, rank = 0): Column => ({ title, align: 'right', rank });
const flexible = (title: string, least = 16): Column => ({ title, align: 'left', rank: 0, flexible: least });

const reactionColumns = (rank: number): Column[] => [
  right('likes', rank),
  right('replies', rank + 1),
  right('reposts', rank + 1),
  right('quotes', rank + 2),
];

interface Reactions {
  readonly likes: number;
  readonly replies: number;
  readonly reposts: number;
  readonly quotes: number;
}

const reactionCells = ({ likes, replies, reposts, quotes }: Reactions): string[] =>
  [likes, replies, reposts, quotes].map(formatCount);

const flowLines = ({ buckets }: FlowBoard, frame: BoardFrame): string[] => {
  const peaks = buckets
    .filter(({ peak }) => peak)
    .toSorted((a, b) => b.skypoints - a.skypoints || b.at.localeCompare(a.at));
  const columns = [left('peak, UTC'), right('skypoints'), right('posts', 1), ...reactionColumns(2)];
  const rows = peaks.map((bucket) => [
    shortTime(Date.parse(bucket.at)),
    formatCount(bucket.skypoints),
    formatCount(bucket.posts),
    ...reactionCells(bucket),
  ]);
  if (rows.length === 0) {
    const posts = buckets.reduce((sum, bucket) => sum + bucket.posts, 0);
    return [`${formatCount(posts)} ${posts === 1 ? 'post' : 'posts'}, no reaction to any yet.`];
  }
  return [...flowChart(buckets, frame), '', ...table(columns, rows, frame.width)];
};

const cloutLines = ({ posts, total }: CloutBoard, { width }: BoardFrame): string[] => {
  if (posts.length === 0) return ['No reaction to any of these posts yet.'];
  const columns = [right('#'), left('account'), flexible('post', 28), right('skypoints'), ...reactionColumns(3)];
  // The account may take a quarter of the line, the text what is left.
  const share = Math.max(10, Math.floor(width / 4));
  const rows = posts.map((post, at) => [
    String(at + 1),
    fit(nameOf(post), share),
    post.text === '' ? '(no text)' : plain(post.text),
    formatCount(post.skypoints),
    ...reactionCells(post),
  ]);
  return [...table(columns, rows, width), '', `${formatCount(total)} skypoints in all`];
};

const kudosLines = ({ accounts }: KudosBoard, { width }: BoardFrame): string[] => {
  if (accounts.length === 0) return ['No reaction to any of these posts yet.'];
  const columns = [
    right('#'),
    flexible('account'),
    right('skypoints'),
    right('posts', 1),
    right('followers', 2),
    ...reactionColumns(3),
  ];
  const rows = accounts.map((account, at) => [
    String(at + 1),
    nameOf(account),
    formatCount(account.skypoints),
    formatCount(account.posts),
    formatCount(account.followers),
    ...reactionCells(account),
  ]);
  return table(columns, rows, width);
};

const pulseLines = ({ accounts }: PulseBoard, { width, fromMs, sinceMs }: BoardFrame): string[] => {
  if (accounts.length === 0) return ['No reaction to any of these posts yet.'];
  const columns = [
    right('#'),
    flexible('account'),
    right('skypoints'),
    right('before', 1),
    right('posts', 2),
    right('a day', 5),
    right('followers', 3),
    right('a day', 6),
    right('following', 4),
    right('a day', 7),
    right('days old', 8),
  ];
  const rows = accounts.map((account, at) => [
    String(at + 1),
    nameOf(account),
    formatCount(account.skypoints),
    knowsBefore({ fromMs, sinceMs }) ? formatCount(account.previous_skypoints) : '?',
    formatCount(account.posts),
    perDay(account.posts_per_day),
    formatCount(account.followers),
    perDay(account.followers_per_day),
    formatCount(account.following),
    perDay(account.following_per_day),
    formatCount(account.age_days),
  ]);
  return table(columns, rows, width);
};

const perDay = (amount: number): string => (amount >= 100 ? formatCount(amount) : amount.toFixed(2));
