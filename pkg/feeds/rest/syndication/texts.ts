import { parseAtUri } from '#pkg/atproto/at-uri.ts';
import { tidTimeUs } from '#pkg/atproto/tid.ts';
import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import { isTidKey } from '#pkg/clickhouse/keys.ts';
import { defineQuery, readSql } from '#pkg/clickhouse/query.ts';
import type { RankedPost } from '../../feed.ts';

/** A post for reading. */
export interface ReadablePost {
  readonly uri: string;
  readonly did: string;
  readonly rkey: string;
  /** Undefined where it is not known. */
  readonly handle: string | undefined;
  readonly text: string;
  readonly postedMs: number;
}

const textsQuery = defineQuery<
  { days: readonly string[]; ids: readonly bigint[]; tids: readonly bigint[] },
  { author: string; key: string; body: string; posted_ms: string }
>({
  name: 'feed_texts',
  sql: readSql(import.meta.url, 'texts.sql'),
  settings: { max_execution_time: 10, max_threads: 1 },
});
const authorsQuery = defineQuery<{ ids: readonly bigint[] }, { id: string; handle: string; is_shy: number }>({
  name: 'feed_authors',
  sql: readSql(import.meta.url, 'authors.sql'),
  settings: { max_execution_time: 10, max_threads: 1 },
});

/**
 * What these posts say, in their order. Left out are those that are not there (any more), and those of authors who ask to be
 * shown to nobody without an account.
 */
export async function readPosts(store: ClickHouse, posts: readonly RankedPost[]): Promise<readonly ReadablePost[]> {
  if (posts.length === 0) return [];
  const ids = posts.map(({ actorId }) => actorId);
  const tids = posts.map(({ tid }) => tid);
  const days = [...new Set(tids.map(dayOf))];
  const [texts, authors] = await Promise.all([
    store.query(textsQuery, { days, ids, tids }),
    store.query(authorsQuery, { ids: [...new Set(ids)] }),
  ]);
  const textOf = new Map(texts.map((row) => [`${row.author}:${row.key}`, row]));
  const authorOf = new Map(authors.map((row) => [row.id, row]));
  return posts.flatMap(({ actorId, tid, uri }) => {
    const parsed = parseAtUri(uri);
    const text = textOf.get(`${actorId}:${tid}`);
    const author = authorOf.get(String(actorId));
    if (parsed === undefined || text === undefined || author?.is_shy === 1) return [];
    const { did, rkey } = parsed;
    return { uri, did, rkey, handle: author?.handle || undefined, text: text.body, postedMs: Number(text.posted_ms) };
  });
}

/** `posts.day` of a key (migrations/clickhouse/0003_posts.up.sql). */
const dayOf = (tid: bigint): string =>
  new Date(isTidKey(tid) ? Math.min(Math.floor(tidTimeUs(tid) / 86_400_000_000), 65_535) * 86_400_000 : 0)
    .toISOString()
    .slice(0, 10);
