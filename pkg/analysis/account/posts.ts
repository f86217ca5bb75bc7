import { formatTid, tidTimeUs } from '#pkg/atproto/tid.ts';
import { isTidKey } from '#pkg/clickhouse/keys.ts';
import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import { defineQuery, readSql } from '#pkg/clickhouse/query.ts';

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
