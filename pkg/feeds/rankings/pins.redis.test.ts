import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { createLogger } from '#pkg/runtime/log.ts';
import { redisProcess } from '#testing/crash/redis-process.ts';
import type { Ranking, Viewer } from '../feed.ts';
import { feedForTests } from '../feed-for-tests.ts';
import { createPins, type Pins } from './pins.ts';
import {
  createTestClock,
  openInstance,
  openRedisRoom,
  rankingOf,
  type RedisRoom,
  type TestClock,
} from './room-for-tests.ts';

const feed = feedForTests({
  rkey: 'flow',
  refreshMs: 60_000,
  personal: true,
  sql: 'SELECT {viewer:UInt64}',
  origin: 'skyflow',
});
const viewerOf = (id: bigint): Viewer => ({ did: `did:plc:viewer${id}`, id });
const viewer = viewerOf(7n);

let room: RedisRoom;
let clock: TestClock;
let asked: string[];
let rank: () => Promise<void>;

/** An instance with pins of its own. */
const open = async (atOnce = 4): Promise<Pins> => {
  const ranker = {
    rank: async (one: typeof feed, who: { viewer: Viewer | undefined; langs: readonly string[] }): Promise<Ranking> => {
      asked.push(`${one.rkey} ${who.viewer?.id} ${who.langs.join(',')}`);
      await rank();
      return { ...rankingOf(one, clock.nowMs()), viewerId: who.viewer?.id };
    },
  };
  const { rankings, redis } = await openInstance(room, { clock, ranker, feeds: [], running: false });
  return createPins({ redis, ranker, rankings, clock, log: createLogger({ level: 'silent' }), atOnce });
};
const idOf = (ranking: Ranking | 'busy'): string => (ranking === 'busy' ? ranking : ranking.id);

beforeAll(async () => {
  room = await openRedisRoom(redisProcess);
});
beforeEach(() => {
  clock = createTestClock();
  asked = [];
  rank = () => Promise.resolve();
});
afterEach(() => room.tidy());
afterAll(() => room[Symbol.asyncDispose]());

test('a viewer has the same ranking until it is older than the feed promises, on every instance', async () => {
  const [one, two] = [await open(), await open()];
  const first = idOf(await one.pinned(feed, viewer, []));
  clock.skip(feed.refreshMs);
  expect(idOf(await one.pinned(feed, viewer, []))).toBe(first);
  expect(idOf(await two.pinned(feed, viewer, []))).toBe(first);
  clock.skip(1);
  const second = idOf(await two.pinned(feed, viewer, []));
  expect(second).not.toBe(first);
  expect(idOf(await one.pinned(feed, viewer, []))).toBe(second);
  expect(asked).toHaveLength(2);
});

test('each viewer has an own one, and each form of the feed; languages count where the statement asks for them', async () => {
  const pins = await open();
  const byLangs = { ...feed, rkey: 'langs', sql: 'SELECT {viewer:UInt64}, {viewer_langs:Array(String)}' };
  const ids = new Set<string>();
  for (const langs of [['en'], ['pt', 'en'], ['en', 'pt']]) {
    ids.add(idOf(await pins.pinned(feed, viewer, langs)));
    ids.add(idOf(await pins.pinned(byLangs, viewer, langs)));
  }
  expect(asked).toEqual(['flow 7 en', 'langs 7 en', 'langs 7 pt,en']);
  ids.add(idOf(await pins.pinned(feed, viewerOf(8n), [])));
  ids.add(idOf(await pins.pinned({ ...feed, fingerprint: 'second' }, viewer, [])));
  expect(ids.size).toBe(5);
});

test('those who ask at the same time share one computation', async () => {
  const pins = await open();
  const all = await Promise.all(Array.from({ length: 5 }, () => pins.pinned(feed, viewer, [])));
  expect(new Set(all.map(idOf)).size).toBe(1);
  expect(asked).toHaveLength(1);
});

test('too many at the same time are told so, but not those who have an earlier one', async () => {
  const pins = await open(1);
  const earlier = idOf(await pins.pinned(feed, viewer, []));
  const { promise: hanging, resolve: release } = Promise.withResolvers<void>();
  rank = () => hanging;
  clock.skip(feed.refreshMs + 1);
  const others = Array.from({ length: 10 }, (_, at) => pins.pinned(feed, viewerOf(BigInt(at) + 100n), []));
  // One is computed, eight wait.
  expect(await Promise.race(others)).toBe('busy');
  expect(idOf(await pins.pinned(feed, viewer, []))).toBe(earlier);
  // Another's feed is held up by none of that.
  release();
  const done = await Promise.all(others);
  expect(done.filter((ranking) => ranking === 'busy')).toHaveLength(1);
  expect(idOf(await pins.pinned(feed, viewerOf(100n), []))).not.toBe('busy');
});

test("an operator's slow feed does not hold up ours", async () => {
  const pins = await open(1);
  const { promise: hanging, resolve: release } = Promise.withResolvers<void>();
  rank = () => hanging;
  const theirs = pins.pinned({ ...feed, rkey: 'slow', origin: 'operator' }, viewer, []);
  rank = () => Promise.resolve();
  expect(await pins.pinned(feed, viewer, [])).not.toBe('busy');
  release();
  await theirs;
});

test('a failure leaves the viewer what there was, and is thrown where there was nothing', async () => {
  const pins = await open();
  const earlier = idOf(await pins.pinned(feed, viewer, []));
  rank = () => Promise.reject(new Error('no such table'));
  clock.skip(feed.refreshMs + 1);
  expect(idOf(await pins.pinned(feed, viewer, []))).toBe(earlier);
  await expect(pins.pinned(feed, viewerOf(8n), [])).rejects.toThrow('no such table');
  rank = () => Promise.resolve();
  expect(await pins.pinned(feed, viewerOf(8n), [])).not.toBe('busy');
});
