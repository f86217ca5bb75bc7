import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import { defineQuery, readSql } from '#pkg/clickhouse/query.ts';

/** What an account is called. */
export interface Name {
  readonly did: string;
  /** Null where no event named one. */
  readonly handle: string | null;
}

/** How an account stands in the network. */
export interface Standing {
  readonly followers: number;
  readonly following: number;
  /** First seen here or, by its own profile, made: whichever is earlier. Milliseconds since 1970. */
  readonly sinceMs: number;
}

type ById = { readonly ids: readonly bigint[] };

const namesQuery = defineQuery<ById, { actor_id: string; did: string; handle: string }>({
  name: 'account_names',
  sql: readSql(import.meta.url, 'names.sql'),
});

const standingQuery = defineQuery<
  ById,
  { actor_id: string; first_seen_us: string; created_ms: string | null; followers: string; following: string }
>({ name: 'account_standing', sql: readSql(import.meta.url, 'standing.sql') });

/** The names of accounts, by id. For the few that a board shows. */
export const readNames = async (
  store: ClickHouse,
  ids: readonly bigint[],
  signal?: AbortSignal,
): Promise<Map<bigint, Name>> => {
  if (ids.length === 0) return new Map();
  const rows = await store.query(namesQuery, { ids }, { signal });
  return new Map(
    rows.map(({ actor_id, did, handle }) => [BigInt(actor_id), { did, handle: handle === '' ? null : handle }]),
  );
};

/** The standing of accounts, by id. For the few that a board shows. */
export const readStandings = async (
  store: ClickHouse,
  ids: readonly bigint[],
  signal?: AbortSignal,
): Promise<Map<bigint, Standing>> => {
  if (ids.length === 0) return new Map();
  const rows = await store.query(standingQuery, { ids }, { signal });
  return new Map(
    rows.map((row) => {
      const seenMs = Number(row.first_seen_us) / 1000;
      const standing = {
        followers: Number(row.followers),
        following: Number(row.following),
        sinceMs: row.created_ms === null ? seenMs : Math.min(seenMs, Number(row.created_ms)),
      };
      return [BigInt(row.actor_id), standing];
    }),
  );
};
