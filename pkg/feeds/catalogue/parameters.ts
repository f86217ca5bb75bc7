import { nearestName } from '#pkg/runtime/nearest.ts';
import type { SettingValue } from '../feed.ts';

/** Parameters that every statement may use, with the type each must be written with. */
const commonTypes: Readonly<Record<string, string>> = {
  viewer: 'UInt64',
  viewer_follows: 'Array(UInt64)',
  viewer_langs: 'Array(String)',
  now: 'DateTime64(3)',
  members: 'Array(UInt64)',
};
/** Those of why.sql besides: the post that is asked about. */
const postTypes: Readonly<Record<string, string>> = { post_actor: 'UInt64', post_tid: 'UInt64' };

/** Names that no setting can have. */
export const reservedNames: ReadonlySet<string> = new Set([
  ...Object.keys(commonTypes),
  ...Object.keys(postTypes),
  'ranked_rows',
]);

/** A place in a statement where a value goes in: `{name:Type}`. */
export interface Placeholder {
  readonly name: string;
  readonly type: string;
}

const placeholder = /\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*:\s*([^{}]*?)\s*\}/g;

/** The placeholders of a statement, also those in its comments: each must be given a value. */
export const placeholdersOf = (sql: string): Placeholder[] =>
  [...sql.matchAll(placeholder)].map(([, name = '', type = '']) => ({ name, type }));

/** What a statement asks for. */
export const asksFor = (sql: string, name: string): boolean => placeholdersOf(sql).some((one) => one.name === name);

const isInteger = (type: string): boolean => /^U?Int(?:8|16|32|64)$/.test(type);
const isNumber = (type: string): boolean => isInteger(type) || /^Float(?:32|64)$/.test(type);

/** The types with which a setting of this value can be written, in words; and whether `type` is one of them. */
const fits = (value: SettingValue, type: string): { readonly ok: boolean; readonly wanted: string } => {
  if (typeof value === 'string') return { ok: type === 'String', wanted: 'String' };
  if (typeof value === 'boolean') return { ok: type === 'Bool' || type === 'UInt8', wanted: 'Bool' };
  if (typeof value === 'number') return numberFits([value], type, type);
  const inner = /^Array\((.*)\)$/.exec(type)?.[1] ?? '';
  const numbers = value.filter((one) => typeof one === 'number');
  if (value.length === 0) return { ok: inner === 'String' || isNumber(inner), wanted: 'Array(String)' };
  if (numbers.length === 0) return { ok: inner === 'String', wanted: 'Array(String)' };
  const { ok, wanted } = numberFits(numbers, inner, type);
  return { ok, wanted: `Array(${wanted})` };
};

const numberFits = (values: readonly number[], type: string, written: string) => {
  const areWhole = values.every((value) => Number.isInteger(value));
  const isNegative = values.some((value) => value < 0);
  const wanted = areWhole ? (isNegative ? 'Int64' : 'UInt32') : 'Float64';
  const ok = isNumber(type) && (areWhole || !isInteger(type)) && !(isNegative && type.startsWith('U'));
  return { ok, wanted: ok ? written : wanted };
};

/** A statement as it is named in sentences, with what it may use. */
export interface Statement {
  readonly file: 'feed.sql' | 'why.sql';
  readonly sql: string;
  readonly settings: Readonly<Record<string, SettingValue>>;
}

const listed = (names: readonly string[]): string =>
  names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;

const sentenceFor = ({ name, type }: Placeholder, { file, settings }: Statement): string | undefined => {
  const fixed = file === 'why.sql' ? { ...commonTypes, ...postTypes } : commonTypes;
  const expected = Object.hasOwn(fixed, name) ? fixed[name] : undefined;
  if (expected !== undefined)
    return type.replaceAll(/\s|'UTC'|,(?=\s*'UTC')/g, '') === expected
      ? undefined
      : `${file} uses {${name}:${type}}; ${name} is written {${name}:${expected}}.`;
  if (Object.hasOwn(settings, name)) {
    const { ok, wanted } = fits(settings[name] ?? '', type);
    return ok
      ? undefined
      : `${file} uses {${name}:${type}}, but the setting's value is no ${type}. Write {${name}:${wanted}} or change the setting.`;
  }
  if (Object.hasOwn(postTypes, name)) return `${file} uses {${name}:${type}}; only why.sql is about one post.`;
  const known = [...Object.keys(fixed), ...Object.keys(settings)];
  const meant = nearestName(name, known);
  const own = Object.keys(settings);
  return (
    `${file} uses {${name}:${type}}; a statement may use ${listed(Object.keys(fixed))}` +
    (own.length === 0
      ? ' and settings of its own, which feed.json does not have.'
      : ` and the feed's settings (${own.join(', ')}).`) +
    (meant === undefined ? '' : ` Did you mean ${meant}?`)
  );
};

/** What is wrong with the placeholders of a statement. */
export const checkPlaceholders = (statement: Statement): string[] => {
  const seen = new Map(placeholdersOf(statement.sql).map((one) => [`${one.name}:${one.type}`, one]));
  return [...seen.values()].flatMap((one) => sentenceFor(one, statement) ?? []);
};

/** Values of the right types, with which a statement can be looked at. */
export const sampleParams = ({ sql, settings }: Statement): Record<string, unknown> => {
  const samples: Readonly<Record<string, unknown>> = {
    ...settings,
    viewer: 0,
    viewer_follows: [],
    viewer_langs: [],
    now: '1700000000.000',
    members: [],
    post_actor: 0,
    post_tid: 0,
  };
  const names = placeholdersOf(sql).map(({ name }) => name);
  return Object.fromEntries(names.flatMap((name) => (Object.hasOwn(samples, name) ? [[name, samples[name]]] : [])));
};
