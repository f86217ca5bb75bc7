import { nearestName } from '#pkg/runtime/nearest.ts';

/** A column that a statement returns, as DESCRIBE says it. */
export interface ReturnedColumn {
  readonly name: string;
  readonly type: string;
}

type Kind = 'a number' | 'a text' | 'a UInt64';

const bare = (type: string): string =>
  type.replace(/^(?:LowCardinality|Nullable)\((.*)\)$/, '$1').replace(/^Nullable\((.*)\)$/, '$1');
const isOf: Readonly<Record<Kind, (type: string) => boolean>> = {
  'a number': (type) => /^(?:U?Int\d+|Float\d+|BFloat16|Decimal.*|Bool)$/.test(type),
  'a text': (type) => type === 'String' || type.startsWith('FixedString'),
  'a UInt64': (type) => type === 'UInt64',
};

const documented: Readonly<Record<string, Kind>> = {
  score: 'a number',
  uri: 'a text',
  actor_id: 'a UInt64',
  tid: 'a UInt64',
  reason: 'a text',
  reposter_id: 'a UInt64',
  repost_tid: 'a UInt64',
  context: 'a text',
  one_of: 'a UInt64',
};

/** More parts of a score than these are not kept. */
const maxParts = 20;

const withMeant = (sentence: string, wanted: string, columns: readonly ReturnedColumn[]): string => {
  const meant = nearestName(
    wanted,
    columns.filter(({ name }) => documented[name] === undefined).map(({ name }) => name),
  );
  return meant === undefined ? sentence : `${sentence} It returns ${meant}: rename that.`;
};

/** What is wrong with the columns that feed.sql returns. */
export const checkFeedColumns = (columns: readonly ReturnedColumn[]): string[] => {
  const names = new Set(columns.map(({ name }) => name));
  const mistakes: string[] = [];
  if (!names.has('score'))
    mistakes.push(
      withMeant('feed.sql returns no column score, a number by which the posts are ordered.', 'score', columns),
    );
  if (!names.has('uri') && !(names.has('actor_id') && names.has('tid'))) {
    const missing = names.has('actor_id') ? 'tid' : names.has('tid') ? 'actor_id' : 'uri';
    const sentence =
      missing === 'uri'
        ? 'feed.sql must return either uri, or actor_id and tid, which say what post it is.'
        : `feed.sql returns no column ${missing}; actor_id and tid together say what post it is.`;
    mistakes.push(withMeant(sentence, missing, columns));
  }
  if (names.has('reposter_id') !== names.has('repost_tid'))
    mistakes.push('feed.sql must return reposter_id and repost_tid together, or neither.');
  const others = columns.filter(({ name }) => documented[name] === undefined);
  if (others.length > maxParts)
    mistakes.push(
      `feed.sql returns ${others.length} columns of its own; at most ${maxParts} are kept as parts of the score.`,
    );
  for (const { name, type } of columns) {
    const kind = documented[name];
    if (kind !== undefined && !isOf[kind](bare(type)))
      mistakes.push(`feed.sql returns ${name} as ${type}; it must be ${kind}.`);
    if (kind === undefined && !isOf['a number'](bare(type)))
      mistakes.push(
        `feed.sql returns ${name} as ${type}; a column of its own must be a number, a part of the score. Leave it out.`,
      );
  }
  return mistakes;
};

const whyColumns: readonly (readonly [string, Kind])[] = [
  ['name', 'a text'],
  ['ok', 'a number'],
  ['value', 'a text'],
  ['needs', 'a text'],
];

/** What is wrong with the columns that why.sql returns. */
export const checkWhyColumns = (columns: readonly ReturnedColumn[]): string[] =>
  whyColumns.flatMap(([name, kind]) => {
    const column = columns.find((one) => one.name === name);
    if (column === undefined) return [`why.sql returns no column ${name}; it must return name, ok, value and needs.`];
    return isOf[kind](bare(column.type)) ? [] : [`why.sql returns ${name} as ${column.type}; it must be ${kind}.`];
  });
