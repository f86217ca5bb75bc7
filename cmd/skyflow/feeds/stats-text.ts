import type { FeedsAnswer } from '#pkg/admin/feeds.ts';
import { formatCount } from '#pkg/runtime/quantities.ts';
import { table } from '../lens/table.ts';
import { fit, plain } from '../lens/width.ts';
import { type Drawing, flexible, headed, left, palette, right, textOf } from './drawing.ts';

type Answer = FeedsAnswer<'stats'>;
type Day = Answer['feeds'][number]['days'][number];

const barColumns = 24;
const eighths = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];
const levels = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/** A bar as long as `value` of `most`; anything above nothing shows. */
export const bar = (value: number, most: number, columns = barColumns): string => {
  if (value <= 0 || most <= 0) return '';
  const cells = Math.max(1, Math.round((Math.min(value, most) / most) * columns * 8));
  return '█'.repeat(Math.floor(cells / 8)) + (eighths[cells % 8] ?? '');
};

/** One column a value; nothing is a dot, so that days without visits show as days. */
export const spark = (values: readonly number[]): string => {
  const most = Math.max(0, ...values);
  return values
    .map((value) => (value <= 0 ? '·' : (levels[Math.max(0, Math.ceil((value / most) * levels.length) - 1)] ?? '')))
    .join('');
};

/** `skyflow feeds stats`: one feed by day with bars, or all feeds with a line of days each. */
export const statsText = (answer: Answer, draw: Drawing): string => {
  const [only] = answer.feeds;
  if (only === undefined) return 'There are no feeds.\n';
  return answer.feeds.length === 1 ? oneText(only, draw) : allText(answer, draw);
};

const oneText = ({ rkey, days }: Answer['feeds'][number], draw: Drawing): string => {
  const paint = palette(draw);
  const most = Math.max(...days.map(({ requests }) => requests));
  const columns = [
    left('day'),
    right('requests'),
    left('', 4),
    right('viewers'),
    right('visits', 1),
    right('deepest', 2),
    flexible('interactions', 14, 3),
  ];
  const rows = days.map((day) => [
    day.day,
    formatCount(day.requests),
    bar(day.requests, most),
    formatCount(day.viewers),
    formatCount(day.firstPages),
    formatCount(day.depth),
    interactionsOf(day),
  ]);
  return textOf([
    paint.bold(fit(plain(nameOf(rkey)), draw.width)),
    '',
    ...headed(table(columns, rows, draw.width), paint),
  ]);
};

const nameOf = (rkey: string): string => (rkey === '' ? '(feed not known)' : rkey);

const interactionsOf = ({ interactions }: Day): string =>
  Object.entries(interactions)
    .toSorted((a, b) => b[1] - a[1] || a[0].localeCompare(b[0]))
    .map(([event, count]) => `${wordOf(event)} ${formatCount(count)}`)
    .join(', ');

/** `interactionLike` -> `like`, `requestLess` -> `less`, `clickthroughAuthor` -> `clicked author`. */
const wordOf = (event: string): string =>
  plain(event)
    .replace(/^interaction|^request/, '')
    .replace(/^clickthrough/, 'clicked')
    .replace(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter}`)
    .toLowerCase();

const allText = ({ feeds, days }: Answer, draw: Drawing): string => {
  const paint = palette(draw);
  const sum = (of: readonly Day[], pick: (day: Day) => number): number => of.reduce((all, day) => all + pick(day), 0);
  const totals = feeds.map((feed) => ({
    feed,
    requests: sum(feed.days, ({ requests }) => requests),
    interactions: sum(feed.days, (day) => Object.values(day.interactions).reduce((all, one) => all + one, 0)),
  }));
  const columns = [
    left('feed'),
    right('requests'),
    left(`${days.length} days`, 2),
    right('viewers, best day', 1),
    right('deepest', 4),
    right('interactions', 3),
  ];
  const rows = totals
    .toSorted((a, b) => b.requests - a.requests || a.feed.rkey.localeCompare(b.feed.rkey))
    .map(({ feed, requests, interactions }) => [
      plain(nameOf(feed.rkey)),
      formatCount(requests),
      spark(feed.days.map((day) => day.requests)),
      formatCount(Math.max(...feed.days.map(({ viewers }) => viewers))),
      formatCount(Math.max(...feed.days.map(({ depth }) => depth))),
      formatCount(interactions),
    ]);
  return textOf(headed(table(columns, rows, draw.width), paint));
};
