import { expect, test } from 'vitest';
import type { Feed } from '../feed.ts';
import { feedForTests } from '../feed-for-tests.ts';
import { choose } from './choose.ts';
import type { Facts, PostFacts } from './facts.ts';
import type { Candidate } from './rows.ts';
import { sift } from './sift.ts';

const uriOf = (author: bigint, tid: bigint): string => `at://did:plc:author${author}/app.bsky.feed.post/post${tid}`;

const candidate = (author: number, tid: number, more: Partial<Candidate> = {}): Candidate => ({
  actorId: BigInt(author),
  tid: BigInt(tid),
  uri: undefined,
  score: -tid,
  reason: undefined,
  context: undefined,
  oneOf: undefined,
  parts: undefined,
  ...more,
});

const facts = (
  about: Partial<Facts> & { readonly posts?: Readonly<Record<string, Partial<PostFacts>>> } = {},
): Facts => ({
  post: ({ tid }) => ({
    deleted: false,
    isReply: false,
    langs: [],
    tags: [],
    labels: [],
    ...about.posts?.[String(tid)],
  }),
  did: (id) => `did:plc:author${id}`,
  isInactive: () => false,
  isBlocked: () => false,
  uri: ({ actorId, tid }) => uriOf(actorId, tid),
  ...about,
});

const shown = (candidates: readonly Candidate[], feed: Partial<Feed>, known: Facts = facts()) => {
  const { posts, dropped } = sift(candidates, {
    feed: feedForTests(feed),
    facts: known,
    isBanned: () => false,
    blockedLabels: new Set(),
  });
  const counted = Object.entries(dropped).filter(([, count]) => count > 0);
  return { tids: posts.map(({ tid }) => Number(tid)), dropped: Object.fromEntries(counted) };
};

test('replies are left out where the feed says so', () => {
  const known = facts({ posts: { 2: { isReply: true } } });
  const posts = [candidate(1, 1), candidate(1, 2)];
  expect(shown(posts, { replies: false }, known)).toEqual({ tids: [1], dropped: { reply: 1 } });
  expect(shown(posts, {}, known)).toEqual({ tids: [1, 2], dropped: {} });
});

test('nobody is shown who has a block with the viewer', () => {
  const known = facts({ isBlocked: (id) => id === 2n });
  expect(shown([candidate(1, 1), candidate(2, 2)], {}, known)).toEqual({ tids: [1], dropped: { blocked: 1 } });
});

test('an author has so many posts at most, the best, and those that are not shown do not count', () => {
  const known = facts({ posts: { 1: { deleted: true } } });
  const posts = [candidate(1, 4), candidate(1, 3), candidate(2, 5), candidate(1, 1), candidate(1, 2)];
  expect(shown(posts, { perAuthor: 2 }, known)).toEqual({
    tids: [2, 3, 5],
    dropped: { deleted: 1, too_many_of_author: 1 },
  });
});

test('of those about one thing the best that can be shown', () => {
  const known = facts({ posts: { 1: { deleted: true } } });
  const posts = [1, 2, 3].map((tid) => candidate(tid, tid, { oneOf: '7' }));
  expect(shown([...posts, candidate(4, 4, { oneOf: '8' }), candidate(5, 5)], {}, known)).toEqual({
    tids: [2, 4, 5],
    dropped: { deleted: 1, duplicate: 1 },
  });
});

test('what is pinned may be older than the index, and nothing else', () => {
  const known = facts({ post: () => undefined, did: () => undefined, uri: () => undefined });
  const at = (tid: number, reason: Candidate['reason']) =>
    candidate(1, tid, { uri: `at://did:plc:somebodyorother/app.bsky.feed.post/post${tid}`, reason });
  expect(shown([at(1, 'pin'), at(2, undefined)], {}, known)).toEqual({ tids: [1], dropped: { unknown: 1 } });
});

test('as many are looked up as it takes, the best first', async () => {
  const posts = Array.from({ length: 100 }, (_, n) => candidate(n + 1, n + 1)).toReversed();
  const looks: number[][] = [];
  const rest = {
    feed: feedForTests({ maxPosts: 10, replies: false }),
    isBanned: () => false,
    blockedLabels: new Set<string>(),
  };
  const read = (known: Facts) => async (some: readonly Candidate[]) => {
    looks.push([Number(some[0]?.tid), some.length]);
    return known;
  };
  const full = await choose(posts, rest, read(facts()));
  expect(full.posts.map(({ tid }) => Number(tid))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  expect(full.dropped.too_deep).toBe(90);
  expect(looks).toEqual([[1, 15]]);
  looks.length = 0;
  const replies = Object.fromEntries(Array.from({ length: 40 }, (_, n) => [n + 1, { isReply: true }]));
  const young = await choose(posts, rest, read(facts({ posts: replies })));
  expect(young.posts.map(({ tid }) => Number(tid))).toEqual([41, 42, 43, 44, 45, 46, 47, 48, 49, 50]);
  expect(young.dropped).toMatchObject({ reply: 40, too_deep: 50 });
  expect(looks).toEqual([
    [1, 15],
    [16, 15],
    [31, 30],
  ]);
});
