import { defineQuery, type Query } from '#pkg/clickhouse/query.ts';
import type { Audience, Lens, LensBoard } from '#pkg/contracts/lens.ts';
import { inParts } from '#pkg/clickhouse/in-parts.ts';
import { readAudience } from './audience.ts';
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

/**
 * For statements over the posts of many accounts. Their sets of blocks and inactive accounts drop single rows and are of no use
 * to find granules: moved down to the table, the engine tries to, which takes longer than the whole statement. And with a
 * thousand ids to find, halving the index at each step asks for fewer comparisons than parting it in eight.
 */
const settings = {
  query_plan_filter_push_down: 0,
  use_index_for_in_with_subqueries: 0,
  merge_tree_coarse_index_granularity: 2,
  // The parts of an audience run side by side instead (audience.ts): so all of a statement does, not only its reading.
  max_threads: 1,
};

const queryOf = (lens: Lens): Query<Record<string, unknown>, BoardRow> =>
  defineQuery({ name: `board_${lens}`, sql: specs[lens].sql, settings });

const queries: Readonly<Record<Lens, Query<Record<string, unknown>, BoardRow>>> = {
  flow: queryOf('flow'),
  clout: queryOf('clout'),
  kudos: queryOf('kudos'),
  pulse: queryOf('pulse'),
};

const activeQuery = defineQuery<Record<string, unknown>, { accounts: string; posted: number }>({
  name: 'audience_active',
  sql: composeSql('sql/audience-rows', 'sql/audience-posts', 'sql/active'),
  settings,
});

/** A board, or why there is none. */
export type BoardOrNone =
  | { readonly board: LensBoard }
  | { readonly none: 'no_follows' | 'no_mutuals' | 'nothing_in_window' };

/** The board that the account of this id is shown. */
export const readBoard = async (
  lens: Lens,
  who: { readonly id: bigint; readonly audience: Audience },
  context: BoardContext,
): Promise<BoardOrNone> => {
  const { store, span, signal } = context;
  const spec = specs[lens];
  const audience = await readAudience(store, who, signal);
  const time = timeParams(span, spec.windowsBack);
  const rows = await inParts(audience, (ids) => store.query(queries[lens], { ids, ...time }, { signal }));
  if (rows.length === 0) {
    // Only an empty board needs to know why: nobody followed, nobody posted, or nobody reacted.
    const { accounts, posted } = await lookAt(audience, context);
    if (accounts === 0) return { none: who.audience === 'mutual' ? 'no_mutuals' : 'no_follows' };
    if (!posted) return { none: 'nothing_in_window' };
  }
  return { board: await spec.read(rows, context) };
};

/** How many of an audience are active, and whether one of them posted in the window. */
const lookAt = async (audience: readonly bigint[], { store, span, signal }: BoardContext) => {
  const time = timeParams(span, 0);
  const rows = await inParts(audience, (ids) => store.query(activeQuery, { ids, ...time }, { signal }));
  return {
    accounts: rows.reduce((sum, row) => sum + Number(row.accounts), 0),
    posted: rows.some((row) => row.posted === 1),
  };
};
