import { tidAt } from '#pkg/atproto/tid.ts';
import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import { createKeys, type Keys } from '#pkg/clickhouse/keys.ts';
import { clickHouseCode } from '#pkg/clickhouse/errors.ts';
import { defineQuery, readSql } from '#pkg/clickhouse/query.ts';
import { loadSalt } from '#pkg/clickhouse/salt.ts';
import type { Clock } from '#pkg/runtime/clock.ts';

/** What achievements ask the index about an account. */
export interface Figures {
  /** Live, active accounts that follow it or that it follows, each once. */
  readonly networkSize: number;
  /** Live, active accounts that it follows and that have a live post of the last 30 days. */
  readonly trackedUsers: number;
}

/** What the index knows of the network around users. Accounts that it never heard of are like new ones: 0, nobody, active. */
export interface Network {
  /** Of each of these (500 at most), by DID; nothing for one that has more follows than can be counted in time. */
  figures(dids: readonly string[], signal?: AbortSignal): Promise<ReadonlyMap<string, Figures>>;
  /** Live, active accounts that one follows, the newest follow first; of very many (default: more than 5,000) only those. */
  following(did: string, limit?: number, signal?: AbortSignal): Promise<readonly string[]>;
  /** Those of these that are deactivated, suspended, taken down or deleted. */
  inactive(dids: readonly string[], signal?: AbortSignal): Promise<ReadonlySet<string>>;
}

/** So long ago may the last post be of one who still counts as tracked. */
const TRACKED_MS = 30 * 86_400_000;
const MOST_AT_ONCE = 500;
/** One statement holds all follows of as many accounts in memory. */
const FIGURES_AT_ONCE = 25;
const MOST_FOLLOWING = 5_000;

/** ClickHouse's codes for a statement that took too long, or too much memory or rows. */
const TOO_MUCH = new Set([158, 159, 160, 191, 241, 307, 396]);
const isTooMuch = (error: unknown): boolean => TOO_MUCH.has(clickHouseCode(error) ?? 0);

type Ids = { readonly ids: readonly bigint[] };

const figuresQuery = defineQuery<
  Ids & { since_ms: number; since_tid: bigint },
  { id: string; network_size: string; tracked_users: string }
>({
  name: 'player_figures',
  sql: readSql(import.meta.url, 'figures.sql'),
  // Nobody waits for it: people's statements go first.
  settings: { max_execution_time: 30, max_threads: 1 },
});

const followingQuery = defineQuery<{ id: bigint; most: number }, { did: string }>({
  name: 'player_following',
  sql: readSql(import.meta.url, 'following.sql'),
  settings: { max_execution_time: 10, max_threads: 1 },
});

const inactiveQuery = defineQuery<Ids, { id: string }>({
  name: 'player_inactive',
  sql: readSql(import.meta.url, 'inactive.sql'),
  settings: { max_execution_time: 10, max_threads: 1 },
});

export const createNetwork = ({ store, clock }: { readonly store: ClickHouse; readonly clock: Clock }): Network => {
  let keys: Keys | undefined;
  const idOf = async (did: string): Promise<bigint> => {
    keys ??= createKeys(await loadSalt(store));
    return keys.actorId(did);
  };

  /** DIDs by id, without repeats. */
  const named = async (dids: readonly string[]): Promise<ReadonlyMap<string, string>> => {
    if (dids.length > MOST_AT_ONCE) throw new RangeError(`${dids.length} accounts at once; ${MOST_AT_ONCE} at most`);
    return new Map(await Promise.all(dids.map(async (did) => [String(await idOf(did)), did] as const)));
  };

  const figuresOf = async (ids: readonly bigint[], signal: AbortSignal | undefined) => {
    const sinceMs = clock.nowMs() - TRACKED_MS;
    const params = { ids, since_ms: sinceMs, since_tid: tidAt(sinceMs * 1000) };
    const rows = await store.query(figuresQuery, params, { signal });
    return rows.map(({ id, network_size, tracked_users }) => ({
      id,
      figures: { networkSize: Number(network_size), trackedUsers: Number(tracked_users) },
    }));
  };

  return {
    figures: async (dids, signal) => {
      const byId = await named(dids);
      const found = new Map<string, Figures>(dids.map((did) => [did, { networkSize: 0, trackedUsers: 0 }]));
      const ids = [...byId.keys()].map(BigInt);
      const ask = async (some: readonly bigint[]): Promise<void> => {
        try {
          for (const row of await figuresOf(some, signal)) found.set(byId.get(row.id) ?? '', row.figures);
        } catch (error) {
          if (!isTooMuch(error)) throw error;
          // It is the follows of one of them; the others are not to miss theirs.
          if (some.length > 1) for (const id of some) await ask([id]);
          else found.delete(byId.get(String(some[0])) ?? '');
        }
      };
      for (let at = 0; at < ids.length; at += FIGURES_AT_ONCE) await ask(ids.slice(at, at + FIGURES_AT_ONCE));
      return found;
    },
    following: async (did, limit = MOST_FOLLOWING, signal) => {
      const id = await idOf(did);
      const rows = await store.query(followingQuery, { id, most: limit }, { signal });
      return rows.map((row) => row.did);
    },
    inactive: async (dids, signal) => {
      const byId = await named(dids);
      if (byId.size === 0) return new Set();
      const rows = await store.query(inactiveQuery, { ids: [...byId.keys()].map(BigInt) }, { signal });
      return new Set(rows.map(({ id }) => byId.get(id) ?? ''));
    },
  };
};
