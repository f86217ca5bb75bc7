import { formatTid, tidTimeUs } from '#pkg/atproto/tid.ts';
import { isTidKey } from '#pkg/clickhouse/keys.ts';
import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import { defineQuery, readSql } from '#pkg/clickhouse/query.ts';

/** What is known of an account that a board shows. */
export interface Account {
  readonly did: string;
  /** Null where no event named one. */
  readonly handle: string | null;
  readonly followers: number;
  readonly following: number;
  /** First seen here or, by its own profile, made: whichever is earlier. Milliseconds since 1970. */
  readonly sinceMs: number;
}

interface NameRow {
  readonly actor_id: string;
  readonly did: string;
  readonly handle: string;
  readonly first_seen_us: string;
  readonly created_ms: string | null;
  readonly followers: string;
  readonly following: string;
}

const namesQuery = defineQuery<{ ids: readonly bigint[] }, NameRow>({
  name: 'account_names',
  sql: readSql(import.meta.url, 'names.sql'),
});

/** The accounts of these ids, by id. For the few that a board shows. */
export const readAccounts = async (
  store: ClickHouse,
  ids: readonly bigint[],
  signal?: AbortSignal,
): Promise<Map<bigint, Account>> => {
  if (ids.length === 0) return new Map();
  const rows = await store.query(namesQuery, { ids: [...ids] }, { signal });
  return new Map(
    rows.map((row) => {
      const seenMs = Number(row.first_seen_us) / 1000;
      const account = {
        did: row.did,
        handle: row.handle === '' ? null : row.handle,
        followers: Number(row.followers),
        following: Number(row.following),
        sinceMs: row.created_ms === null ? seenMs : Math.min(seenMs, Number(row.created_ms)),
      };
      return [BigInt(row.actor_id), account];
    }),
  );
};

/** A post by its keys. */
export interface PostKey {
  readonly actorId: bigint;
  readonly tid: bigint;
}

const textsQuery = defineQuery<
  { ids: readonly bigint[]; tids: readonly bigint[]; days: readonly string[] },
  { actor_id: string; tid: string; text: string; rkey: string }
>({ name: 'post_texts', sql: readSql(import.meta.url, 'post-texts.sql') });

const dayOf = (tid: bigint): string =>
  isTidKey(tid) ? new Date(tidTimeUs(tid) / 1000).toISOString().slice(0, 10) : '1970-01-01';

/** Text and record key of posts, by `actorId/tid`. For the few that a board shows. */
export const readPosts = async (
  store: ClickHouse,
  posts: readonly PostKey[],
  signal?: AbortSignal,
): Promise<Map<string, { text: string; rkey: string }>> => {
  if (posts.length === 0) return new Map();
  const params = {
    ids: [...new Set(posts.map(({ actorId }) => actorId))],
    tids: [...new Set(posts.map(({ tid }) => tid))],
    days: [...new Set(posts.map(({ tid }) => dayOf(tid)))],
  };
  const rows = await store.query(textsQuery, params, { signal });
  return new Map(
    rows.map(({ actor_id, tid, text, rkey }) => {
      const key = BigInt(tid);
      return [`${actor_id}/${tid}`, { text, rkey: isTidKey(key) ? formatTid(key) : rkey }];
    }),
  );
};
