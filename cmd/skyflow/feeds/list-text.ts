import type { FeedsAnswer } from '#pkg/admin/feeds.ts';
import { formatCount, formatDuration } from '#pkg/runtime/quantities.ts';
import { table } from '../lens/table.ts';
import { plain, wrap } from '../lens/width.ts';
import {
  type Drawing,
  flexible,
  headed,
  left,
  nameOf,
  type Palette,
  palette,
  plural,
  right,
  textOf,
} from './drawing.ts';

type Answer = FeedsAnswer<'list'>;
type Listed = Answer['feeds'][number];

/** `skyflow feeds list`: a table, then what is wrong with feeds and with folders. */
export const listText = (answer: Answer, draw: Drawing): string => {
  const paint = palette(draw);
  if (answer.feeds.length === 0 && answer.problems.length === 0) return 'There are no feeds.\n';
  const columns = [
    left('feed'),
    left('name', 3),
    left('kind', 1),
    right('posts', 2),
    right('ranked'),
    flexible('published as', 16),
  ];
  const nowMs = Date.parse(answer.at);
  const rows = answer.feeds.map((feed) => [
    plain(feed.rkey),
    plain(feed.displayName),
    kindOf(feed),
    feed.posts === null ? '' : formatCount(feed.posts),
    rankedOf(feed, nowMs, answer.isServing),
    feed.publishedAs.length === 0 ? '-' : feed.publishedAs.map(nameOf).join(', '),
  ]);
  const trouble = [
    ...answer.feeds.flatMap((feed) => troubleOf(feed, nowMs, draw)),
    ...folderTrouble(answer.problems, draw),
  ];
  const unknown = 'Skyflow does not run here, so it is not known how fresh they are.';
  if (!answer.isServing) trouble.unshift(...wrap(unknown, draw.width).map(paint.soft));
  return textOf([
    ...headed(table(columns, rows, draw.width), paint),
    ...(trouble.length === 0 ? [] : ['', ...trouble]),
  ]);
};

const kindOf = ({ personal, membersOnly, origin }: Listed): string =>
  [
    personal ? 'personal' : 'shared',
    ...(membersOnly ? ['members'] : []),
    ...(origin === 'operator' ? ['yours'] : []),
  ].join(', ');

const rankedOf = ({ personal, rankedAt, stale, error }: Listed, nowMs: number, isServing: boolean): string => {
  if (personal) return 'for each';
  if (!isServing) return '?';
  if (rankedAt === null) return error === null ? 'not yet' : 'fails';
  return `${formatDuration(Math.max(0, nowMs - Date.parse(rankedAt)))} ago${stale ? ' !' : ''}`;
};

const troubleOf = ({ rkey, stale, error, rankedAt }: Listed, nowMs: number, draw: Drawing): string[] => {
  if (!stale && error === null) return [];
  const paint = palette(draw);
  const age =
    rankedAt === null ? 'was never ranked' : `was last ranked ${formatDuration(nowMs - Date.parse(rankedAt))} ago`;
  const served = rankedAt === null ? '' : '; that is what it shows meanwhile';
  const sentences = [stale ? `It ${age}${served}.` : '', error === null ? '' : `Its last refresh failed: ${error}`];
  return entry(
    plain(rkey),
    sentences.filter((one) => one !== ''),
    { draw, mark: paint.warn },
  );
};

/** Folders with their mistakes, one below the other. */
export const folderTrouble = (problems: Answer['problems'], draw: Drawing): string[] =>
  problems.flatMap(({ folder, mistakes }) => entry(plain(folder), mistakes, { draw, mark: palette(draw).bad }));

const entry = (title: string, sentences: readonly string[], how: { draw: Drawing; mark: Palette['bad'] }): string[] => [
  how.mark(title),
  ...sentences.flatMap((sentence) =>
    wrap(plain(sentence), how.draw.width - 4).map((line, at) => `${at === 0 ? '  - ' : '    '}${line}`),
  ),
];

/** `skyflow feeds check`. */
export const checkText = (answer: FeedsAnswer<'check'>, draw: Drawing): string => {
  const { dirs, feeds, problems } = answer;
  const paint = palette(draw);
  const untried = 'The statements were read but not tried: there is no ClickHouse to ask.';
  const note = answer.statementsChecked ? [] : ['', ...wrap(untried, draw.width).map(paint.warn)];
  const where = dirs.length === 0 ? '' : ` in ${dirs.map(plain).join(' and ')}`;
  if (problems.length === 0) {
    const verdict =
      feeds.length === 0
        ? `There are no feed folders${where}.`
        : `${paint.good('All in order:')} ${plural(feeds.length, 'feed')}${where}.`;
    return textOf([verdict, ...note]);
  }
  const fine = feeds.length === 0 ? [] : ['', ...wrap(`In order: ${feeds.map(plain).join(', ')}.`, draw.width)];
  return textOf([...folderTrouble(problems, draw), ...fine, ...note]);
};
