import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import type { LensBoard } from '#pkg/contracts/lens.ts';
import type { Span } from './span.ts';

/** A row of a board's statement. */
export type BoardRow = Readonly<Record<string, unknown>>;

/** The account that a row is about. */
export const actorIdOf = (row: BoardRow): bigint => BigInt(String(row['actor_id']));

/** How the rows of a lens's statement become its board. */
export interface BoardSpec {
  /** The statement, over sql/audience-rows.sql. */
  readonly sql: string;
  /** 1: the statement looks at the window before as well. */
  readonly windowsBack: 0 | 1;
  /** `rows` of several statements, where an audience is too big for one: no account is in two of them. */
  read(rows: readonly BoardRow[], context: BoardContext): Promise<LensBoard>;
}

export interface BoardContext {
  readonly store: ClickHouse;
  readonly span: Span;
  readonly signal: AbortSignal | undefined;
}
