/** What both Postgres implementations and their transactions can do. */
export interface Querier {
  /**
   * Runs one statement with `$1`-style parameters. Types are the same on both implementations: int8 is a number (beyond
   * 2^53 the query fails with a RangeError), numeric and date are text, timestamptz is a Date, jsonb is parsed, bytea is
   * a Uint8Array. Pass JSON parameters as JSON text.
   */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller names the shape of its rows
  query<T = Record<string, unknown>>(text: string, params?: readonly unknown[]): Promise<{ rows: T[] }>;
  /** Runs several statements separated by semicolons, without parameters or results: for migrations. */
  script(sql: string): Promise<void>;
}

/** A Postgres, embedded or remote. */
export interface Postgres extends Querier {
  /**
   * Runs `fn` in one transaction: committed if it resolves, rolled back if it rejects. Inside, use what it is given and
   * nothing else: the embedded Postgres has one connection, so the outer one would wait for its own transaction forever.
   */
  transaction<T>(fn: (tx: Querier) => Promise<T>): Promise<T>;
  /** Ends open work and releases the connections, or the folder. A second call does nothing. */
  close(): Promise<void>;
  /** True for PGlite in this process. */
  readonly embedded: boolean;
  /** For `status`: `PostgreSQL 15.18`. */
  readonly version: string;
}

/** Type codes whose text both implementations must read alike. Their own defaults differ. */
const INT8 = 20;
const DATE = 1082;
const INT8_ARRAY = 1016;

/** Readers by type code, for PGlite's `parsers` and pg's `types`. */
export const TYPE_READERS: Readonly<Record<number, (text: string) => unknown>> = {
  [INT8]: readInt8,
  // A day is not a moment: as a Date it would shift with the zone of the machine.
  [DATE]: (text) => text,
  [INT8_ARRAY]: (text) =>
    text === '{}'
      ? []
      : text
          .slice(1, -1)
          .split(',')
          .map((one) => (one === 'NULL' ? null : readInt8(one))),
};

function readInt8(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`int8 ${text} does not fit a number: select it as text`);
  return value;
}
