import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import type { FakeAccount } from '#pkg/identity/fake-network.ts';
import { createRandom } from '#testing/simulator/random.ts';
import { FullStack, type PageAsk, type Running, soon, untilPage } from './full-stack.ts';
import { LivingNetwork } from './living-network.ts';

const POSTS = 60;
const ALL = 100;

let stack: FullStack;
let network: LivingNetwork;
let generator: Running;
let viewer: FakeAccount;
/** Authors that nobody took anything from yet: each test has some of its own. */
let authors: string[];

/** The same posts for all, and for each viewer: they stand in an order that never changes. */
const FEEDS = { all: 'list', own: 'own-list', fresh: 'fresh-list' } as const;
const newest = `SELECT actor_id, tid, toFloat64(max(at_ms)) AS score FROM author_posts
  GROUP BY actor_id, tid HAVING argMax(deleted, version) = 0`;

beforeAll(async () => {
  stack = await FullStack.open();
  const accounts = await stack.addAccounts(1);
  viewer = accounts[0] as FakeAccount;
  authors = Array.from({ length: 30 }, (_, n) => `did:plc:author${String(n).padStart(18, 'a')}`);
  network = new LivingNetwork([...authors, viewer.did], createRandom(4), stack.clock.nowMs() - 3_600_000);
  for (let n = 0; n < POSTS; n += 1) network.post(authors[n % authors.length] as string);
  await stack.index(network.frames());
  // Made once an hour: what goes away meanwhile, no newer ranking leaves out.
  await stack.drop(FEEDS.all, { refresh: '1h', keep: '2h', maxPosts: ALL }, newest);
  await stack.drop(FEEDS.fresh, { maxPosts: ALL }, newest);
  await stack.drop(FEEDS.own, { refresh: '1h', keep: '2h', maxPosts: ALL }, `${newest} AND {viewer:UInt64} != 0`);
}, 60_000);
beforeEach(async () => {
  generator = await stack.start({ blockedLabels: ['porn'] });
});
afterEach(() => stack.stopAll());
afterAll(() => stack.close());

const asks: readonly PageAsk[] = [{ rkey: FEEDS.all }, { rkey: FEEDS.own }];
const askOf = (ask: PageAsk): PageAsk => ({ ...ask, viewer, limit: ALL });

const shown = async (ask: PageAsk): Promise<readonly string[]> => (await generator.page(askOf(ask))).uris;

/** An author with two posts that are there, in both feeds. */
const nextAuthor = async (): Promise<{ did: string; posts: string[] }> => {
  const did = authors.shift() ?? '';
  const posts = network.posts.filter(({ author }) => author === did).map(({ uri }) => uri);
  for (const ask of asks) await untilPage(generator, askOf(ask), (uris) => posts.every((uri) => uris.includes(uri)));
  return { did, posts };
};

const index = async (): Promise<void> => stack.index(network.frames());
const settles = async (posts: readonly string[], areShown: boolean): Promise<void> => {
  for (const ask of asks) {
    await untilPage(generator, askOf(ask), (uris) => posts.every((uri) => uris.includes(uri) === areShown));
  }
};
const act = async (tell: () => void): Promise<void> => {
  network.now(stack.clock.nowMs());
  tell();
  await index();
};

/** How a post goes away, and how it comes back where it can. */
const WAYS = {
  'a deleted post': {
    go: ({ posts: [post = ''] }) => act(() => network.remove(post)),
    gone: ({ posts }) => posts.slice(0, 1),
  },
  'a deactivated author': {
    go: ({ did }) => act(() => network.setActive(did, false)),
    gone: ({ posts }) => posts,
    back: ({ did }) => act(() => network.setActive(did, true)),
  },
  'a banned author': {
    go: async ({ did }) => void (await generator.feeds.parts.rules.write.ban(did, 'test')),
    gone: ({ posts }) => posts,
    back: async ({ did }) => void (await generator.feeds.parts.rules.write.unban(did)),
  },
  'a banned post': {
    go: async ({ posts: [post = ''] }) => void (await generator.feeds.parts.rules.write.ban(post, 'test')),
    gone: ({ posts }) => posts.slice(0, 1),
    back: async ({ posts: [post = ''] }) => void (await generator.feeds.parts.rules.write.unban(post)),
  },
} as const satisfies Record<string, Way>;

interface Way {
  go(author: { did: string; posts: string[] }): Promise<void>;
  gone(author: { did: string; posts: string[] }): string[];
  back?(author: { did: string; posts: string[] }): Promise<void>;
}
const ways: readonly (readonly [string, Way])[] = Object.entries(WAYS);

const rankingIds = (): Promise<string[]> =>
  Promise.all(asks.map(async (ask) => (await generator.page(askOf(ask))).rankingId));

test.each(ways)('%s is gone from the next page of the same rankings, and comes back', async (_, way) => {
  const author = await nextAuthor();
  const [before, others] = [await rankingIds(), await shown(asks[0] as PageAsk)];
  await way.go(author);
  const gone = way.gone(author);
  await settles(gone, false);
  for (const ask of asks) expect(await shown(ask)).toEqual(others.filter((uri) => !gone.includes(uri)));
  await way.back?.(author);
  if (way.back !== undefined) await settles(gone, true);
  // No new ranking did that.
  expect(await rankingIds()).toEqual(before);
});

test.each(asks)('in the middle of paging $rkey: what is gone by then is on no later page', async (ask) => {
  const author = await nextAuthor();
  const other = await nextAuthor();
  const all = await shown(ask);
  const first = await generator.page({ ...ask, viewer, limit: 1 });
  await act(() => network.remove(author.posts[0] ?? ''));
  await act(() => network.setActive(other.did, false));
  const gone = new Set([author.posts[0], ...other.posts]);
  await settles([...gone] as string[], false);
  const seen = [...first.uris];
  for (let { cursor } = first; cursor !== undefined;) {
    const page = await generator.page({ ...ask, viewer, limit: 7, cursor });
    seen.push(...page.uris);
    ({ cursor } = page);
  }
  expect(seen).toEqual([first.uris[0], ...all.slice(1).filter((uri) => !gone.has(uri))]);
});

const emptyRedis = async (): Promise<void> => {
  const redis = new Redis(stack.redis.url);
  await redis.flushall();
  redis.disconnect();
};

/** A store that takes its time to say what went away: the first page is asked for before. */
const slowToTell = (store: ClickHouse): ClickHouse =>
  Object.assign(Object.create(store) as ClickHouse, {
    query: async (...given: Parameters<ClickHouse['query']>) => {
      if (given[0].name === 'feed_gone') await delay(500);
      return store.query(...given);
    },
  });

test('after a restart the same rankings are served, without what went away before and meanwhile', async () => {
  const [early, meanwhile, banned] = [await nextAuthor(), await nextAuthor(), await nextAuthor()];
  await act(() => network.remove(early.posts[0] ?? ''));
  await generator.feeds.parts.rules.write.ban(banned.did, 'test');
  await settles([early.posts[0] ?? '', ...banned.posts], false);
  const first = await generator.page({ rkey: FEEDS.all, limit: 3 });
  const before = await rankingIds();
  await generator.stop();
  await act(() => network.setActive(meanwhile.did, false));
  generator = await stack.start({ store: slowToTell(stack.store) });
  const gone = [early.posts[0] ?? '', ...banned.posts, ...meanwhile.posts];
  // At once: the rankings of before are still in Redis, with all of these.
  for (const ask of asks) expect((await shown(ask)).filter((uri) => gone.includes(uri))).toEqual([]);
  expect(await rankingIds()).toEqual(before);
  // Its cursors are those of the one before.
  const second = await generator.page({ rkey: FEEDS.all, limit: 3, cursor: first.cursor });
  expect(second.rankingId).toBe(first.rankingId);
  expect(second.uris).toHaveLength(3);
});

test('Redis that lost everything loses no ban and no deletion, at a running generator or a new one', async () => {
  const [author, banned] = [await nextAuthor(), await nextAuthor()];
  await act(() => network.remove(author.posts[0] ?? ''));
  await generator.feeds.parts.rules.write.ban(banned.did, 'test');
  const gone = [author.posts[0] ?? '', ...banned.posts];
  await settles(gone, false);
  await emptyRedis();
  for (const ask of asks) expect((await shown(ask)).filter((uri) => gone.includes(uri))).toEqual([]);
  expect((await shown(asks[0] as PageAsk)).length).toBeGreaterThan(0);
  await generator.stop();
  await emptyRedis();
  generator = await stack.start();
  await vi.waitFor(() => expect(generator.rankedAtMs(FEEDS.all)).toBeGreaterThan(0), soon);
  for (const ask of asks) {
    const uris = await shown(ask);
    expect(uris.length).toBeGreaterThan(0);
    expect(uris.filter((uri) => gone.includes(uri))).toEqual([]);
  }
});

const labelled = (val: string) => ({ labels: { $type: 'com.atproto.label.defs#selfLabels', values: [{ val }] } });

test('a post with a label that is not shown is left out, from the first ranking after it got the label', async () => {
  const { posts } = await nextAuthor();
  const [post = '', other = ''] = posts;
  await untilPage(generator, { rkey: FEEDS.fresh, limit: ALL }, (uris) => posts.every((uri) => uris.includes(uri)));
  await act(() => network.edit(post, labelled('porn')));
  await act(() => network.edit(other, labelled('fine')));
  await untilPage(generator, { rkey: FEEDS.fresh, limit: ALL }, (uris) => !uris.includes(post) && uris.includes(other));
  let hidden = '';
  await act(() => {
    hidden = network.post(authors[0] ?? '', labelled('porn'));
    network.post(authors[0] ?? '', labelled('fine'));
  });
  const seen = network.posts.at(-1)?.uri ?? '';
  await untilPage(generator, { rkey: FEEDS.fresh, limit: ALL }, (uris) => uris.includes(seen));
  expect((await generator.page({ rkey: FEEDS.fresh, limit: ALL })).uris).not.toContain(hidden);
});
