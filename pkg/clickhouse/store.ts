import type { LimitedStatement } from './limited.ts';
import type { Query, QuerySettings } from './query.ts';
import type { Column } from './row-binary.ts';

/** Where the store is: `url` for a server, otherwise the folder of the embedded engine. */
export interface ClickHouseLocation {
  readonly url?: string | undefined;
  readonly path: string;
  readonly database: string;
  /** How long one HTTP request may take, in milliseconds (default 60 000). */
  readonly requestTimeoutMs?: number;
}

/** How one run of a query differs from the others. */
export interface QueryOptions {
  readonly signal?: AbortSignal | undefined;
}

/** One ClickHouse database, embedded or on a server: nothing above knows which. */
export interface ClickHouse {
  readonly embedded: boolean;
  readonly database: string;
  /**
   * Runs a declared query and returns its rows; 64-bit integers come as strings. When the signal aborts, it rejects with an
   * AbortError at once, and the query is stopped in the engine too.
   */
  query<Params extends Record<string, unknown>, Row>(
    query: Query<Params, Row>,
    params: Params,
    options?: QueryOptions,
  ): Promise<Row[]>;
  /** Runs a statement that returns nothing. */
  command(sql: string, params?: Record<string, unknown>, settings?: QuerySettings): Promise<void>;
  /** Inserts rows of RowBinary (see `RowWriter`). Resolves when they are durable. */
  insertRows(table: string, columns: readonly Column[], rows: Buffer): Promise<void>;
  /** Runs one read-only statement for a person and returns its output in ClickHouse's own format. */
  read(sql: string, format: string): Promise<string>;
  /**
   * Runs a statement that only reads, on connections of its own and under limits: whatever it does, no other statement notices.
   * 64-bit integers come as strings. When the signal aborts, it rejects with an AbortError at once.
   * @throws LimitError when a limit stopped it, StatementError when it is wrong, else what the engine threw
   */
  readLimited(statement: LimitedStatement, options?: QueryOptions): Promise<Record<string, unknown>[]>;
  close(): Promise<void>;
}

/** A store whose database may not be there yet. */
export interface OpenedClickHouse extends ClickHouse {
  enterDatabase(): Promise<void>;
}
