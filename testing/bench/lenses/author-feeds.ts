import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import { readAudience } from '#pkg/analysis/audience.ts';
import { readBoard } from '#pkg/analysis/board.ts';
import type { Span } from '#pkg/analysis/span.ts';
import { formatTid } from '#pkg/atproto/tid.ts';
import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import { defineQuery } from '#pkg/clickhouse/query.ts';

/** Posts a page of getAuthorFeed holds at most. */
const pageSize = 100;

interface PostRow {
  readonly author: string;
  readonly tid: string;
  readonly at: string;
  readonly likes: number;
  readonly replies: number;
  readonly reposts: number;
  readonly quotes: number;
}

/** The newest posts of some accounts, with the counts that their network would show. */
const feedsQuery = defineQuery<{ ids: readonly bigint[] }, PostRow>({
  name: 'bench_feeds',
  sql: `SELECT subject_id AS author, subject_tid AS tid, max(posted_at) AS at,
      toUInt32(countIf(kind = 'like')) AS likes, toUInt32(countIf(kind = 'reply')) AS replies,
      toUInt32(countIf(kind = 'repost')) AS reposts, toUInt32(countIf(kind = 'quote')) AS quotes
    FROM engagement FINAL WHERE subject_id IN {ids:Array(UInt64)}
    GROUP BY author, tid HAVING countIf(kind = 'post') > 0
    ORDER BY author, tid DESC LIMIT ${pageSize} BY author`,
  settings: { max_execution_time: 300 },
});

/** A post as `app.bsky.feed.getAuthorFeed` shows a plain one: with its author, its record, its counts and the viewer's state. */
const feedViewPost = (row: PostRow) => {
  const did = `did:plc:${BigInt(row.author).toString(36).padStart(24, 'a')}`;
  const createdAt = `${row.at.replace(' ', 'T')}Z`;
  const rkey = formatTid(BigInt(row.tid));
  return {
    post: {
      uri: `at://${did}/app.bsky.feed.post/${rkey}`,
      cid: `bafyrei${rkey.repeat(4)}`,
      author: {
        did,
        handle: `${row.author}.example.com`,
        displayName: `User ${row.author}`,
        avatar: `https://cdn.example.com/img/avatar/plain/${did}/bafkrei${rkey.repeat(4)}@jpeg`,
        associated: { chat: { allowIncoming: 'following' } },
        viewer: { muted: false, blockedBy: false, following: `at://${did}/app.bsky.graph.follow/${rkey}` },
        labels: [],
        createdAt: '2024-02-06T12:00:00.000Z',
      },
      record: { $type: 'app.bsky.feed.post', createdAt, langs: ['en'], text: 'A post of ordinary length. '.repeat(4) },
      bookmarkCount: 0,
      replyCount: row.replies,
      repostCount: row.reposts,
      likeCount: row.likes,
      quoteCount: row.quotes,
      indexedAt: createdAt,
      viewer: { bookmarked: false, threadMuted: false, embeddingDisabled: false },
      labels: [],
    },
  };
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
    const body = { feed: rows.map(feedViewPost), ...(rows.length < pageSize ? {} : { cursor: rows.at(-1)?.at }) };
    out.write(`${author}\t${JSON.stringify(body)}\n`);
  }
  out.end();
  await finished(out);
  const read = await readBoard('flow', { id: reader, audience: 'following' }, { store, span, signal: undefined });
  return 'board' in read && read.board.lens === 'flow'
    ? read.board.buckets.reduce((sum, bucket) => sum + bucket.likes, 0)
    : 0;
};
