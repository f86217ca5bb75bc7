import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import { readAudience } from '#pkg/analysis/audience.ts';
import { readBoard } from '#pkg/analysis/board.ts';
import type { Span } from '#pkg/analysis/span.ts';
import { formatTid } from '#pkg/atproto/tid.ts';
import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import { defineQuery } from '#pkg/clickhouse/query.ts';
import { feedViewPost, type ShownPost } from './feed-view.ts';

/** Posts a page of getAuthorFeed holds at most. */
const pageSize = 100;

interface PostRow {
  readonly author: string;
  readonly key: string;
  readonly at: string;
  readonly likes: number;
  readonly replies: number;
  readonly reposts: number;
  readonly quotes: number;
}

/** The newest posts of some accounts, with the counts that their network would show. */
const feedsQuery = defineQuery<{ ids: readonly bigint[] }, PostRow>({
  name: 'bench_feeds',
  sql: `SELECT subject_id AS author, subject_tid AS key, maxIf(tid, kind = 'post') AS at,
      toUInt32(countIf(kind = 'like')) AS likes, toUInt32(countIf(kind = 'reply')) AS replies,
      toUInt32(countIf(kind = 'repost')) AS reposts, toUInt32(countIf(kind = 'quote')) AS quotes
    FROM engagement FINAL WHERE subject_id IN {ids:Array(UInt64)}
    GROUP BY author, key HAVING countIf(kind = 'post') > 0
    ORDER BY author, key DESC LIMIT ${pageSize} BY author`,
  settings: { max_execution_time: 300 },
});

const hourMs = 3_600_000;

/** A full page: the world is a month old, but an account on the network has older posts too. */
const pageOf = (rows: readonly PostRow[]): ShownPost[] => {
  const posts = rows.map(({ author, key, at, ...counts }) => ({
    ...counts,
    author,
    rkey: formatTid(BigInt(key)),
    createdAt: new Date(Number(at)).toISOString(),
  }));
  const oldest = posts.at(-1);
  if (oldest === undefined) return posts;
  return Array.from({ length: pageSize }, (_, place) => {
    const createdAt = new Date(Date.parse(oldest.createdAt) - place * 12 * hourMs).toISOString();
    return posts[place] ?? { ...oldest, createdAt };
  });
};

/**
 * Writes the first page of every followed account, a line each: its id, a tab, the response. Returns the likes on the reader's
 * flow board, to hold beside what counting these pages comes to.
 */
export const writeFeeds = async (
  store: ClickHouse,
  { reader, span }: { reader: bigint; span: Span },
  file: string,
): Promise<number> => {
  const ids = await readAudience(store, { id: reader, audience: 'following' });
  const posts = Map.groupBy(await store.query(feedsQuery, { ids }), (row) => row.author);
  const out = createWriteStream(file);
  for (const [author, rows] of posts) {
    const body = { feed: pageOf(rows).map(feedViewPost), cursor: rows.at(-1)?.at };
    out.write(`${author}\t${JSON.stringify(body)}\n`);
  }
  out.end();
  await finished(out);
  const read = await readBoard('flow', { id: reader, audience: 'following' }, { store, span, signal: undefined });
  return 'board' in read && read.board.lens === 'flow'
    ? read.board.buckets.reduce((sum, bucket) => sum + bucket.likes, 0)
    : 0;
};
