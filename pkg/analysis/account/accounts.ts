import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import { defineQuery, type Query, readSql } from '#pkg/clickhouse/query.ts';

/** What an account is called. */
export interface Name {
  readonly did: string;
  /** Null where no event named one. */
  readonly handle: string | null;
}

type ById = { readonly ids: readonly bigint[] };

const namesQuery = defineQuery<ById, { actor_id: string; did: string; handle: string }>({
  name: 'account_names',
  sql: readSql(import.meta.url, 'names.sql'),
});

type Fact = Query<ById, { actor_id: string; value: string }>;

const fact = (name: string, file: string): Fact => defineQuery({ name, sql: readSql(import.meta.url, file) });
const followersQuery = fact('account_followers', 'followers.sql');
const followingQuery = fact('account_following', 'following.sql');
const sinceQuery = fact('account_since', 'since.sql');

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

const readFact =
  (query: Fact) =>
  async (store: ClickHouse, ids: readonly bigint[], signal?: AbortSignal): Promise<Map<bigint, number>> => {
    if (ids.length === 0) return new Map();
    const rows = await store.query(query, { ids }, { signal });
    return new Map(rows.map(({ actor_id, value }) => [BigInt(actor_id), Number(value)]));
  };

/** By how many live, active accounts these are followed, by id; nothing for one without. For the few that a board shows. */
export const readFollowers = readFact(followersQuery);

/** How many live, active accounts these follow, by id; nothing for one that follows nobody. */
export const readFollowing = readFact(followingQuery);

/** Since when there have been these accounts, by id: first seen here or, by its own profile, made. Milliseconds since 1970. */
export const readSince = readFact(sinceQuery);
