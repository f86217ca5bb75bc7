import { readFileSync } from 'node:fs';

/** Limits and settings of one query, written as a SETTINGS clause (see `withSettings`). */
export type QuerySettings = Readonly<Record<string, string | number>>;

/** A named SQL statement: parameters of type `Params` in, rows of type `Row` out. */
export interface Query<Params, Row> {
  /** Goes into ClickHouse's `log_comment` and into metric labels. */
  readonly name: string;
  readonly sql: string;
  readonly settings: QuerySettings;
  /** Never set: carries the types. */
  readonly types?: { readonly params: Params; readonly row: Row };
}

const defaults: QuerySettings = {
  max_execution_time: 30,
  max_result_rows: 1_000_000,
  // As JSON numbers, 64-bit ids would lose their last digits in JavaScript.
  output_format_json_quote_64bit_integers: 1,
};

/** Declares a query once, beside its SQL file, with its own limits over the defaults (30 s, a million rows). */
export const defineQuery = <Params, Row>(query: {
  name: string;
  sql: string;
  settings?: QuerySettings;
}): Query<Params, Row> => ({ name: query.name, sql: query.sql, settings: { ...defaults, ...query.settings } });

/** The text of a `.sql` file that lies beside the module: `readSql(import.meta.url, 'resolve.sql')`. */
export const readSql = (moduleUrl: string, file: string): string =>
  readFileSync(new URL(file, moduleUrl), 'utf8').trim().replace(/;$/, '');

const settingName = /^[a-z][a-z0-9_]*$/;

/**
 * Appends settings as a SETTINGS clause. Not as `clickhouse_settings`: chDB turns those into `SET`, which stays in force
 * for every later query of the session.
 */
export const withSettings = (sql: string, settings: QuerySettings): string =>
  Object.keys(settings).length === 0 ? sql : `${sql}\nSETTINGS ${settingList(settings)}`;

/** Settings as SETTINGS and SET take them: `a = 1, b = 'x'`. Throws a TypeError for what is no name of a setting. */
export const settingList = (settings: QuerySettings): string =>
  Object.entries(settings)
    .map(([name, value]) => {
      if (!settingName.test(name)) throw new TypeError(`not a setting name: ${name}`);
      return `${name} = ${typeof value === 'number' ? value : `'${value.replace(/[\\']/g, '\\$&')}'`}`;
    })
    .join(', ');
