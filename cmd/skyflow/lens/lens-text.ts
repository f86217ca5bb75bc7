import { type LensAnswer, type NoticeCode, TIME_WINDOWS } from '#pkg/contracts/lens.ts';
import { type BoardFrame, boardLines, knowsBefore, nameOf } from './board-text.ts';
import { shortTime } from './flow-chart.ts';
import { scoreLines } from './score-text.ts';
import { fit, plain, wrap } from './width.ts';

export interface LensTextOptions {
  readonly color: boolean;
  /** Columns of the terminal; lines are never wider, from 40 up. */
  readonly width: number;
}

const indent = '  ';
const leastWidth = 40;
/** Wider than this, numbers drift apart from what they belong to. */
const mostWidth = 120;

const titles = { flow: 'Flow', clout: 'Clout', kudos: 'Kudos', pulse: 'Pulse' } as const;

/** Answers about one account, one below the other. What none of them can say is said once, for all of them. */
export const lensTexts = (answers: readonly LensAnswer[], options: LensTextOptions): string => {
  const [first] = answers;
  const reasons = new Set(answers.map(({ notices: given }) => JSON.stringify(given)));
  const isEmpty = answers.every(({ board, score }) => board === null && score === null);
  if (first === undefined || answers.length === 1 || !isEmpty || reasons.size > 1) {
    return answers.map((answer) => lensText(answer, options)).join('\n');
  }
  return textOf(first, answers.map(({ lens }) => titles[lens]).join(', '), options);
};

/** An answer for people: who and when, what is missing, why and what helps, the score with its parts, the board. */
export const lensText = (answer: LensAnswer, options: LensTextOptions): string =>
  textOf(answer, titles[answer.lens], options);

const textOf = (answer: LensAnswer, title: string, options: LensTextOptions): string => {
  const width = Math.min(mostWidth, Math.max(leastWidth, options.width));
  const inner = width - indent.length;
  const bold = paint('1', options.color);
  const soft = paint('90', options.color);
  const frame = frameOf(answer, inner);
  const sections = [
    notices(answer, inner).map(paint('33', options.color)),
    advice(answer).flatMap((sentence) => wrap(sentence, inner)),
    answer.score === null ? [] : scoreLines(answer.score, { width: inner, hasBefore: knowsBefore(frame) }),
    answer.share === null ? [] : wrap(plain(answer.share), inner),
    answer.board === null ? [] : [...wrap(boardTitle(answer), inner).map(soft), ...boardLines(answer.board, frame)],
  ].filter((lines) => lines.length > 0);
  const lines = [
    bold(fit(`${title}  ${nameOf(answer.subject)}`, width)),
    soft(fit(spanText(answer), width)),
    ...sections.flatMap((section) => ['', ...section.map((line) => (line === '' ? '' : indent + line))]),
  ];
  return `${lines.join('\n')}\n`;
};

const frameOf = ({ from, to, data_since: since }: LensAnswer, width: number): BoardFrame => ({
  fromMs: Date.parse(from),
  toMs: Date.parse(to),
  sinceMs: since === null ? undefined : Date.parse(since),
  width,
});

const paint =
  (code: string, color: boolean) =>
  (text: string): string =>
    color ? `\u001B[${code}m${text}\u001B[0m` : text;

const lengths = { '24h': '24 hours', '48h': '48 hours', '7d': '7 days', '30d': '30 days' } as const;

const spanText = ({ window, from, to }: LensAnswer): string =>
  `${lengths[window]}, ${shortTime(Date.parse(from))} to ${shortTime(Date.parse(to))} UTC`;

const boardTitles = {
  flow: 'when they post and what comes back',
  clout: 'the posts with most reactions, one an author',
  kudos: 'who got most reactions',
  pulse: 'who is rising',
} as const;

const boardTitle = ({ lens, audience }: LensAnswer): string => {
  const whose = audience === 'following' ? 'of the accounts it follows' : 'of the accounts that follow it back';
  return `${boardTitles[lens]}, ${whose}`;
};

/** A moment as programs write it. */
const isoTime = /\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g;

/** What whoever asked can do about it, where there is something. */
const advice = ({ notices: given, window, audience }: LensAnswer): string[] => {
  const longer = TIME_WINDOWS[TIME_WINDOWS.indexOf(window) + 1];
  // Where the index is younger than the window, a longer one holds no more.
  const isYoung = given.some(({ code }) => code === 'window_before_index');
  const tryLonger = longer === undefined || isYoung ? undefined : `A longer window may have more: --window ${longer}.`;
  const helps: Partial<Record<NoticeCode, string | undefined>> = {
    account_never_seen:
      'Check that it is spelt right. It is here as soon as it acts, or somebody follows, likes, answers or blocks it.',
    account_inactive: 'Everything is here again as soon as the account returns.',
    no_follows: 'Follows from before the index began are not in it yet; new ones count at once.',
    no_mutuals: audience === 'mutual' ? 'A wider audience may have more: --audience following.' : undefined,
    nothing_in_window: tryLonger,
    no_posts_in_window: tryLonger,
    gaps_in_window: 'Which part it is: skyflow status.',
  };
  return [...new Set(given.flatMap(({ code }) => helps[code] ?? []))];
};

/** As the notices say it; an answer that covers less than its window without a notice still says so. */
const notices = ({ notices: given, complete, data_since: since }: LensAnswer, width: number): string[] => {
  const sentences = given.map(({ message }) =>
    plain(message).replace(isoTime, (iso) => `${shortTime(Date.parse(iso))} UTC`),
  );
  const told = given.some(({ code }) => code === 'window_before_index' || code === 'gaps_in_window');
  if (!complete && !told) {
    sentences.push(
      since === null
        ? 'The index has no data yet.'
        : `The index does not cover the whole window; it has data since ${shortTime(Date.parse(since))} UTC.`,
    );
  }
  return sentences.flatMap((sentence) => wrap(sentence, width));
};
