import { checkIdentifier } from './identifier.ts';

/** What a parameter of a statement may be. */
export type Parameter = string | number | bigint | boolean | null | readonly Parameter[];

const escapes: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  "'": "\\'",
  '\t': '\\t',
  '\n': '\\n',
  '\r': '\\r',
  '\0': '\\0',
};
const escaped = (text: string): string => text.replace(/[\\'\t\n\r\0]/g, (letter) => escapes[letter] ?? letter);

/** A text as a literal in a statement that is built: only for texts that a session without parameters needs. */
export const textLiteral = (text: string): string => `'${escaped(text)}'`;

/** A value as ClickHouse reads parameters: texts escaped as in TSV, quoted only within an array. */
const textOf = (value: unknown, inArray: boolean): string => {
  if (value === null) return inArray ? 'NULL' : '\\N';
  if (typeof value === 'string') return inArray ? `'${escaped(value)}'` : escaped(value);
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  if (typeof value === 'boolean') return value ? '1' : '0';
  if (Array.isArray(value)) return `[${value.map((one) => textOf(one, true)).join(',')}]`;
  throw new TypeError(`a parameter cannot be a ${typeof value}`);
};

/**
 * The statement that gives a connection its parameters, for those that have no other way to take them: the values go over as
 * literals and are parsed as the types that the statement names them by, never as SQL.
 */
export const bindStatement = (params: Readonly<Record<string, unknown>>): string =>
  `SET ${Object.entries(params)
    .map(([name, value]) => `param_${checkIdentifier(name)} = '${escaped(textOf(value, false))}'`)
    .join(', ')}`;

const placeholder = /\{([A-Za-z_][A-Za-z0-9_]*):/g;

/**
 * Throws unless every parameter that a statement names is given, as a server would refuse it: the session of a connection still
 * has those of the statements before.
 */
export const requireParameters = (sql: string, params: Readonly<Record<string, unknown>>): void => {
  for (const [, name = ''] of sql.matchAll(placeholder))
    if (params[name] === undefined)
      throw Object.assign(new Error(`Substitution \`${name}\` is not set`), { clickhouseCode: 456 });
};
