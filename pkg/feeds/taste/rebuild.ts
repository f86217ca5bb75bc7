import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import { defineQuery, readSql } from '#pkg/clickhouse/query.ts';
import { TASTE_EVENTS, type TasteEvent } from './events.ts';
import type { KeptTastes } from './kept.ts';
import { withTags } from './signals.ts';
import { LIMITS, emptyState, learn } from './state.ts';

export interface RebuildOptions {
  readonly store: Pick<ClickHouse, 'query'>;
  readonly kept: KeptTastes;
  /** Accounts that said something since then, in milliseconds; 0 for all. */
  readonly sinceMs: number;
  readonly signal: AbortSignal;
}

const viewersQuery = defineQuery<
  { after: bigint; since_ms: number; events: readonly string[]; accounts: number },
  { viewer_id: string }
>({ name: 'feed_taste_viewers', sql: readSql(import.meta.url, 'viewers.sql'), settings: { max_execution_time: 300 } });

const saidQuery = defineQuery<
  { viewers: readonly bigint[]; events: readonly string[]; rows: number },
  { viewer_id: string; at_ms: string; event: TasteEvent; actor_id: string; tid: string }
>({ name: 'feed_taste_said', sql: readSql(import.meta.url, 'said.sql') });

/** Ids in one statement, and accounts whose rows are in memory together: 100,000 rows at most. */
const LISTED_AT_ONCE = 2_000;
const MADE_AT_ONCE = 25;
/** How often it is tried again for an account that says something just then. */
const MOST_TRIES = 5;

/**
 * Makes tastes in Redis anew from `feed_interactions`, one small group of accounts after the other. Whoever says something
 * meanwhile loses nothing: their taste is made again. Returns how many tastes were made.
 * @throws what ClickHouse or Redis threw, and the signal's reason when it aborts
 */
export const rebuildTastes = async (options: RebuildOptions): Promise<number> => {
  const { store, sinceMs, signal } = options;
  let made = 0;
  let after = 0n;
  for (;;) {
    const params = { after, since_ms: sinceMs, events: TASTE_EVENTS, accounts: LISTED_AT_ONCE };
    const viewers = (await store.query(viewersQuery, params, { signal })).map((row) => BigInt(row.viewer_id));
    for (let start = 0; start < viewers.length; start += MADE_AT_ONCE) {
      signal.throwIfAborted();
      made += await makeUnchanged(options, viewers.slice(start, start + MADE_AT_ONCE));
    }
    const last = viewers.at(-1);
    if (last === undefined || viewers.length < LISTED_AT_ONCE) return made;
    after = last;
  }
};

/** Makes some tastes; those that changed under our hands are made again. */
const makeUnchanged = async (options: RebuildOptions, viewers: readonly bigint[]): Promise<number> => {
  let left = viewers;
  for (let tries = 0; tries < MOST_TRIES && left.length > 0; tries += 1) left = await make(options, left);
  return viewers.length - left.length;
};

/** Returns those that could not be replaced because somebody else changed them. */
const make = async ({ store, kept, signal }: RebuildOptions, viewers: readonly bigint[]): Promise<bigint[]> => {
  // Before the rows are read: whatever is said after this changes the stamp.
  const stamps = await Promise.all(viewers.map((viewer) => kept.stamp(viewer)));
  const rows = await store.query(saidQuery, { viewers, events: TASTE_EVENTS, rows: LIMITS.seen }, { signal });
  const said = new Map<bigint, typeof rows>();
  for (const row of rows) {
    const viewer = BigInt(row.viewer_id);
    const own = said.get(viewer);
    if (own === undefined) said.set(viewer, [row]);
    else own.push(row);
  }
  const changed: bigint[] = [];
  for (const [index, viewer] of viewers.entries()) {
    const oldestFirst = (said.get(viewer) ?? []).toReversed().map((row) => ({
      event: row.event,
      actorId: BigInt(row.actor_id),
      tid: BigInt(row.tid),
      atMs: Number(row.at_ms),
    }));
    const state = emptyState();
    for (const signal of await withTags(store, oldestFirst)) learn(state, signal);
    if (!(await kept.replace(viewer, stamps[index] ?? '', state))) changed.push(viewer);
  }
  return changed;
};
