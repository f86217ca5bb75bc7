import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { formatTid } from '#pkg/atproto/tid.ts';
import type { Keys } from '#pkg/clickhouse/keys.ts';
import { LimitError, StatementError } from '#pkg/clickhouse/limited.ts';
import { openThrowaway, type ThrowawayClickHouse } from '#pkg/clickhouse/throwaway.ts';
import { ManualClock } from '#pkg/runtime/clock.ts';
import { createLogger } from '#pkg/runtime/log.ts';
import { createMetrics } from '#pkg/runtime/metrics.ts';
import type { Feed, Ranking, Viewer } from '../feed.ts';
import { feedForTests } from '../feed-for-tests.ts';
import { createRanker } from './ranker.ts';
import { createWorld, did, dropped, nowMs, rowsOf, scored, tid, uri } from './world-for-tests.ts';

const log = createLogger({ level: 'silent' });
const url = process.env['CLICKHOUSE_URL'] === '' ? undefined : process.env['CLICKHOUSE_URL'];

let throwaway: ThrowawayClickHouse;
let world: Awaited<ReturnType<typeof createWorld>>;
let keys: Keys;
const banned = new Set<string>();
const members = new Set<string>();
const registry = createMetrics();

const rank = (about: Partial<Feed>, viewer?: Viewer, langs: readonly string[] = []): Promise<Ranking> =>
  createRanker({
    store: throwaway.store,
    keys,
    rules: { members: () => members, isBanned: (what) => banned.has(what) },
    blockedLabels: new Set(['!hide']),
    clock: new ManualClock(nowMs),
    log,
  }).rank(feedForTests(about), { viewer, langs });

beforeAll(async () => {
  throwaway = await openThrowaway({ url, log });
  world = await createWorld(throwaway.store);
  keys = world.keys;
  const { addActor, addPost, setState } = world;
  for (const name of ['alice', 'bob', 'carol', 'gone', 'back']) await addActor(name);
  await addPost('alice', 1, { langs: ['en-US'], tags: ['Art'] });
  await addPost('alice', 2, { langs: ['pt'] });
  await addPost('bob', 3, { langs: ['en', 'pt-BR'] });
  await addPost('bob', 4);
  await addPost('bob', 5, { version: 1 });
  await addPost('bob', 5, { version: 2, deleted: true });
  await addPost('bob', 6, { version: 3, labels: ['!hide', 'other'] });
  await addPost('bob', 6, { version: 2 });
  await addPost('carol', 7, { labels: ['other'] });
  await addPost('carol', 8, { version: 2, labels: [] });
  await addPost('carol', 8, { version: 1, labels: ['!hide'] });
  await addPost('gone', 9);
  await addPost('back', 10);
  await addPost('nobody', 11);
  await setState('gone', 5, false);
  await setState('gone', 4, true);
  await setState('back', 5, false);
  await setState('back', 6, true);
});
afterAll(async () => {
  await throwaway[Symbol.asyncDispose]();
});

describe('a ranking', () => {
  test('has the posts best first, a tie newest first, with what is known of them', async () => {
    const posts = [
      [uri('alice', 1), 5],
      [uri('bob', 3), 7],
      [uri('alice', 2), 5],
      [uri('bob', 4), -1.5],
    ] as const;
    const ranking = await rank({ sql: `${scored(posts)} -- the end` });
    expect(ranking.posts.map((post) => post.uri)).toEqual([
      uri('bob', 3),
      uri('alice', 2),
      uri('alice', 1),
      uri('bob', 4),
    ]);
    expect(ranking.posts[2]).toEqual({
      actorId: keys.actorId(did('alice')),
      tid: tid(1),
      uri: uri('alice', 1),
      score: 5,
      langs: ['en'],
      tags: ['art'],
    });
    expect(ranking).toMatchObject({ rkey: 'test', fingerprint: 'first', viewerId: undefined, rankedAtMs: nowMs });
    expect(ranking.id).toMatch(/^[\w-]{16}$/);
    expect(ranking.report).toMatchObject({ rows: 4, kept: 4 });
    expect(dropped(ranking)).toEqual({});
  });

  test('is the same from ids, also with 64-bit scores', async () => {
    const ranking = await rank({
      sql: `SELECT actor_id, tid, toUInt64(bitShiftRight(tid, 10)) AS score, count() AS versions FROM author_posts
        WHERE actor_id = ${keys.actorId(did('alice'))} GROUP BY actor_id, tid`,
    });
    expect(ranking.posts.map((post) => post.uri)).toEqual([uri('alice', 2), uri('alice', 1)]);
    expect(ranking.posts[0]?.parts).toEqual({ versions: 1 });
  });

  test('drops for the first filter that applies, and counts', async () => {
    const posts = [1, 3, 4, 5, 6, 7, 9, 10, 11, 12].map(
      (number, at) =>
        [uri({ 1: 'alice', 7: 'carol', 9: 'gone', 10: 'back', 11: 'nobody' }[number] ?? 'bob', number), at] as const,
    );
    const all = await rank({ sql: scored([...posts, [uri('bob', 3), 0.5]]) });
    expect(all.posts.map((post) => post.uri)).toEqual([
      uri('back', 10),
      uri('carol', 7),
      uri('bob', 4),
      uri('bob', 3),
      uri('alice', 1),
    ]);
    expect(dropped(all)).toEqual({ unknown: 2, deleted: 1, inactive_author: 1, blocked_label: 1, duplicate: 1 });
  });

  test('has no banned authors and posts, and ends at its length', async () => {
    banned.add(did('carol')).add(uri('bob', 4));
    const posts = [
      [uri('carol', 7), 9],
      [uri('bob', 4), 8],
      [uri('alice', 1), 7],
      [uri('alice', 2), 6],
      [uri('bob', 3), 5],
    ] as const;
    const ranking = await rank({ sql: scored(posts), maxPosts: 4 });
    expect(dropped(ranking)).toEqual({ banned_author: 1, banned_post: 1 });
    const short = await rank({ sql: scored(posts.slice(2)), maxPosts: 2 });
    banned.clear();
    expect(short.posts.map((post) => post.uri)).toEqual([uri('alice', 1), uri('alice', 2)]);
    expect(dropped(short)).toEqual({ too_deep: 1 });
  });

  test('takes the newest version of a post for its labels', async () => {
    const ranking = await rank({
      sql: scored([
        [uri('bob', 6), 1],
        [uri('carol', 8), 1],
      ]),
    });
    expect(ranking.posts.map((post) => post.uri)).toEqual([uri('carol', 8)]);
  });

  test("is in the feed's own languages, and in all where the viewer's are asked", async () => {
    const sql = scored([1, 2, 3, 4].map((number) => [uri(number > 2 ? 'bob' : 'alice', number), -number] as const));
    const ranking = await rank({ sql, languages: ['pt-BR'] });
    expect(ranking.posts.map((post) => post.uri)).toEqual([uri('alice', 2), uri('bob', 3)]);
    expect(dropped(ranking)).toEqual({ language: 2 });
    expect((await rank({ sql, languages: 'viewer' }, undefined, ['en'])).posts).toHaveLength(4);
  });

  test('names posts whose key is no TID by their own text', async () => {
    const key = await world.addOddKey('app.bsky.feed.post', 'my-post');
    await world.addPost('alice', 0, { key });
    const id = keys.actorId(did('alice'));
    const odd = `at://${did('alice')}/app.bsky.feed.post/my-post`;
    const both = await rank({ sql: rowsOf('actor_id UInt64, tid UInt64, score UInt8', [`(${id}, ${key}, 1)`]) });
    expect(both.posts.map((post) => post.uri)).toEqual([odd]);
    expect((await rank({ sql: scored([[odd, 1]]) })).posts).toEqual(both.posts);
  });
});

describe('rows that are junk', () => {
  test('are counted, and the others stay', async () => {
    const good = uri('alice', 1);
    const long = 'x'.repeat(2001);
    const rows = [
      `('${good}', 1, '', 'fine')`,
      `('not a uri', 1, '', '')`,
      `('at://${did('bob')}/app.bsky.feed.like/${formatTid(tid(3))}', 1, '', '')`,
      `('${uri('bob', 3)}', 1, 'because', '')`,
      `('${uri('bob', 3)}', 1, '', '${long}')`,
      `(NULL, 1, '', '')`,
    ];
    const sql = rowsOf('uri Nullable(String), score Float64, reason String, context String', rows);
    const ranking = await rank({ sql });
    expect(ranking.posts).toMatchObject([{ uri: good, context: 'fine' }]);
    expect(dropped(ranking)).toEqual({ malformed: rows.length - 1 });
  });

  test('do not take the places of good ones', async () => {
    const scores = ['nan', 'inf', '-inf', 'NULL', '3'];
    const sql = rowsOf(
      'uri String, score Nullable(Float64)',
      scores.map((score) => `('${uri('alice', 1)}', ${score})`),
    );
    // Two rows are asked for.
    const ranking = await rank({ sql, maxPosts: 1 });
    expect(ranking.posts.map((post) => post.score)).toEqual([3]);
  });

  test.each([
    "SELECT 'x' AS score, 'y' AS uri",
    "SELECT 1 AS score, [1] AS uri, map('a', 1) AS reason",
    'SELECT 1 AS score',
  ])('%s makes an empty ranking', async (sql) => {
    const ranking = await rank({ sql });
    expect(ranking.posts).toEqual([]);
    expect(dropped(ranking)).toEqual({ malformed: 1 });
  });
});

describe('a reason', () => {
  const repostKey = tid(50);
  const repostBy = (name: string): string => `at://${did(name)}/app.bsky.feed.repost/${formatTid(repostKey)}`;
  const reposted = (name: string): string =>
    `SELECT '${uri('alice', 1)}' AS uri, 1 AS score, toUInt64(${keys.actorId(did(name))}) AS reposter_id, toUInt64(${repostKey}) AS repost_tid`;

  test('is a pin or a repost', async () => {
    const pin = await rank({ sql: `SELECT '${uri('alice', 1)}' AS uri, 1 AS score, 'pin' AS reason` });
    expect(pin.posts[0]?.reason).toEqual({ kind: 'pin' });
    expect((await rank({ sql: reposted('bob') })).posts[0]?.reason).toEqual({ kind: 'repost', uri: repostBy('bob') });
    const byUri = await rank({ sql: `SELECT '${uri('alice', 1)}' AS uri, 1 AS score, '${repostBy('bob')}' AS reason` });
    expect(byUri.posts[0]?.reason).toEqual({ kind: 'repost', uri: repostBy('bob') });
  });

  test('falls away with who reposted; the post stays', async () => {
    banned.add(did('carol')).add(repostBy('back'));
    for (const name of ['gone', 'carol', 'back', 'stranger']) {
      const ranking = await rank({ sql: reposted(name) });
      expect(ranking.posts.map((post) => [post.uri, post.reason])).toEqual([[uri('alice', 1), undefined]]);
    }
    banned.clear();
  });
});

describe('a statement', () => {
  test('is told who is looking, when, about its members and its own settings', async () => {
    members.add(did('alice')).add(did('carol'));
    const sql = `SELECT actor_id, tid, 1 AS score,
        toUnixTimestamp64Milli({now:DateTime64(3)}) AS now_ms, length({viewer_langs:Array(String)}) AS languages,
        {viewer:UInt64} = ${keys.actorId(did('bob'))} AS is_bob, {bonus:Float64} AS bonus
      FROM author_posts WHERE actor_id IN {members:Array(UInt64)} AND hasAny(tags, {topics:Array(String)})`;
    const settings = { bonus: 1.5, topics: ['art', "it's"] };
    const viewer = { did: did('bob'), id: keys.actorId(did('bob')) };
    const ranking = await rank({ sql, settings, asksMembers: true, personal: true }, viewer, ['en', 'pt']);
    members.clear();
    expect(ranking.viewerId).toBe(viewer.id);
    expect(ranking.posts.map((post) => post.uri)).toEqual([uri('alice', 1)]);
    expect(ranking.posts[0]?.parts).toEqual({ now_ms: nowMs, languages: 2, is_bob: 1, bonus: 1.5 });
  });

  test('is stopped by its limits, and says so where it is wrong', async () => {
    await expect(rank({ sql: 'SELECT number AS score FROM numbers(100000000000)' })).rejects.toBeInstanceOf(LimitError);
    await expect(rank({ sql: 'SELECT no_such AS score' })).rejects.toBeInstanceOf(StatementError);
  });

  test('counts what it dropped', async () => {
    const ranker = createRanker({
      store: throwaway.store,
      keys,
      rules: { members: () => members, isBanned: () => false },
      blockedLabels: new Set(),
      clock: new ManualClock(nowMs),
      log,
      registry,
    });
    const feed = feedForTests({
      sql: scored([
        [uri('bob', 5), 1],
        [uri('gone', 9), 1],
      ]),
    });
    await ranker.rank(feed, { viewer: undefined, langs: [] });
    const text = await registry.metrics();
    expect(text).toContain('skyflow_feed_dropped_posts_total{reason="deleted"} 1');
    expect(text).toContain('skyflow_feed_dropped_posts_total{reason="language"} 0');
    expect(text).toContain('skyflow_feed_ranking_seconds_count{origin="operator"} 1');
  });
});
