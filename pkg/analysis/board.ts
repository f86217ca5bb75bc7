import { defineQuery, type Query } from '#pkg/clickhouse/query.ts';
import { type Audience, LENSES, type Lens, type LensBoard } from '#pkg/contracts/lens.ts';
import type { BoardContext, BoardRow, BoardSpec } from './board-spec.ts';
import { cloutBoard } from './clout/board.ts';
import { flowBoard } from './flow/board.ts';
import { kudosBoard } from './kudos/board.ts';
import { pulseBoard } from './pulse/board.ts';
import { composeSql } from './sql/compose.ts';
import { timeParams } from './span.ts';

const specs: Readonly<Record<Lens, BoardSpec>> = {
  flow: flowBoard,
  clout: cloutBoard,
  kudos: kudosBoard,
  pulse: pulseBoard,
};

const queries = Object.fromEntries(
  LENSES.map((lens) => [
    lens,
    defineQuery<Record<string, unknown>, BoardRow>({
      name: `board_${lens}`,
      sql: composeSql('sql/audience', 'sql/audience-posts', `${lens}/board`),
    }),
  ]),
) as Readonly<Record<Lens, Query<Record<string, unknown>, BoardRow>>>;

const audienceSize = defineQuery<Record<string, unknown>, { accounts: string; posted: number }>({
  name: 'audience_size',
  sql: composeSql('sql/audience', 'sql/audience-posts', 'sql/audience-size'),
});

/** A board, or why there is none. */
export type BoardOrNone =
  | { readonly board: LensBoard }
  | { readonly none: 'no_follows' | 'no_mutuals' | 'nothing_in_window' };

/** The board that the account of this id is shown. */
export const readBoard = async (
  lens: Lens,
  { id, audience }: { readonly id: bigint; readonly audience: Audience },
  context: BoardContext,
): Promise<BoardOrNone> => {
  const { store, span, signal } = context;
  const spec = specs[lens];
  const who = { subject: id, mutual: audience === 'mutual' ? 1 : 0 };
  const rows = await store.query(queries[lens], { ...who, ...timeParams(span, spec.windowsBack) }, { signal });
  if (rows.length === 0) {
    // Only an empty board needs to know why: nobody followed, nobody posted, or nobody reacted.
    const [size] = await store.query(audienceSize, { ...who, ...timeParams(span, 0) }, { signal });
    if (Number(size?.accounts ?? 0) === 0) return { none: audience === 'mutual' ? 'no_mutuals' : 'no_follows' };
    if (size?.posted !== 1) return { none: 'nothing_in_window' };
  }
  return { board: await spec.read(rows, context) };
};
