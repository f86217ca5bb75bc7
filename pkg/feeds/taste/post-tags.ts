import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import { defineQuery, readSql } from '#pkg/clickhouse/query.ts';
import type { PostRef } from '../feed.ts';
import { postKey } from './post-key.ts';

const postTagsQuery = defineQuery<
  { actors: readonly bigint[]; tids: readonly bigint[] },
  { actor_id: string; tid: string; newest_tags: string[] }
>({ name: 'feed_post_tags', sql: readSql(import.meta.url, 'post-tags.sql') });

/** Posts in one statement. */
const AT_ONCE = 500;

/** The tags of posts, by `actorId:tid`; a post without any, or that is not there, is left out. */
export const readPostTags = async (
  store: Pick<ClickHouse, 'query'>,
  posts: readonly PostRef[],
): Promise<ReadonlyMap<string, readonly string[]>> => {
  const asked = new Map(posts.map((post) => [postKey(post), post]));
  const found = new Map<string, readonly string[]>();
  const left = [...asked.values()];
  while (left.length > 0) {
    const some = left.splice(0, AT_ONCE);
    const actors = [...new Set(some.map(({ actorId }) => actorId))];
    const tids = [...new Set(some.map(({ tid }) => tid))];
    for (const row of await store.query(postTagsQuery, { actors, tids })) {
      const key = `${row.actor_id}:${row.tid}`;
      if (asked.has(key)) found.set(key, row.newest_tags);
    }
  }
  return found;
};
