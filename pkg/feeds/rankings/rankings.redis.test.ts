import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { redisProcess } from '#testing/crash/redis-process.ts';
import type { Feed, Ranking } from '../feed.ts';
import type { Ranker } from '../parts.ts';
import { feedForTests } from '../feed-for-tests.ts';
import { loadCursorKey } from './cursor-key.ts';
import {
  createTestClock,
  openInstance,
  openRedisRoom,
  rankingOf,
  type RedisRoom,
  type TestClock,
} from './room-for-tests.ts';

const soon = { timeout: 20_000 };
const feed = feedForTests({ rkey: 'hot', refreshMs: 15_000, keepMs: 600_000, origin: 'skyflow' });

let room: RedisRoom;
let clock: TestClock;
/** The feeds that were ranked, by any instance. */
let asked: Feed[];
let rank: (feed: Feed) => Promise<Ranking>;
const ranker: Ranker = {
  rank: (one) => {
    asked.push(one);
    return rank(one);
  },
};
const open = (feeds: readonly Feed[] = [feed], running = true) => openInstance(room, { clock, ranker, feeds, running });
const failing = (): Promise<Ranking> => Promise.reject(new Error('no such table'));

beforeAll(async () => {
  room = await openRedisRoom(redisProcess);
});
beforeEach(() => {
  clock = createTestClock();
  asked = [];
  rank = (one) => Promise.resolve(rankingOf(one, clock.nowMs()));
});
afterEach(() => room.tidy());
afterAll(() => room[Symbol.asyncDispose]());

describe('a shared feed', () => {
  test('has its first ranking when it is first asked for, and every instance finds it', async () => {
    const here = await open([feed], false);
    const first = await here.rankings.current(feed);
    expect(first?.posts).toHaveLength(2);
    expect(await here.rankings.current(feed)).toBe(first);
    const there = await open([feed], false);
    await vi.waitFor(async () => expect(await there.rankings.find(first?.id ?? '')).toEqual(first), soon);
    expect(asked).toHaveLength(1);
    expect(await there.rankings.find('unknown')).toBeUndefined();
  });

  test('is ranked anew when due, and the earlier ranking can still be paged', async () => {
    const { rankings } = await open();
    const first = await rankings.current(feed);
    clock.skip(14_999);
    await clock.rounds();
    expect(await rankings.current(feed)).toBe(first);
    clock.skip(1);
    await vi.waitFor(async () => expect((await rankings.current(feed))?.id).not.toBe(first?.id), soon);
    expect(await rankings.find(first?.id ?? '')).toEqual(first);
  });

  test('that nobody asks for is ranked each minute only', async () => {
    const { rankings } = await open();
    await vi.waitFor(() => expect(rankings.health()[0]?.posts).toBe(2), soon);
    clock.skip(59_999);
    await clock.rounds();
    expect(asked).toHaveLength(1);
    clock.skip(1);
    await vi.waitFor(() => expect(asked).toHaveLength(2), soon);
  });

  test('of another form has a ranking of its own', async () => {
    const changed = { ...feed, fingerprint: 'second' };
    const first = await (await open([feed])).rankings.current(feed);
    const second = await (await open([changed])).rankings.current(changed);
    expect(second?.id).not.toBe(first?.id);
    expect(second?.fingerprint).toBe('second');
  });

  test("does not wait for an operator's slow ones, and one of each is ranked at a time", async () => {
    const { promise: hanging, resolve: release } = Promise.withResolvers<void>();
    const slow = ['a', 'b'].map((rkey) => feedForTests({ rkey, origin: 'operator' }));
    const ours = ['c', 'd', 'e'].map((rkey) => feedForTests({ rkey, origin: 'skyflow' }));
    rank = async (one) => {
      if (one.rkey !== 'e') await hanging;
      return rankingOf(one, clock.nowMs());
    };
    await open([...slow, ...ours]);
    await clock.rounds();
    expect(asked.map(({ rkey }) => rkey).toSorted()).toEqual(['a', 'c']);
    release();
    await vi.waitFor(() => expect(asked).toHaveLength(5), soon);
  });
});

describe('a refresh that fails', () => {
  test('leaves the last ranking in place for as long as it takes, and shows', async () => {
    const { rankings, redis, metrics } = await open();
    const last = await rankings.current(feed);
    rank = failing;
    clock.skip(feed.refreshMs);
    await vi.waitFor(() => expect(rankings.health()[0]?.failures).toBe(1), soon);
    expect(rankings.health()[0]).toMatchObject({ rkey: 'hot', posts: 2, error: 'no such table', stale: false });
    await redis.pexpire(`feed:ranking:${last?.id}`, 60_000);
    await redis.pexpire('feed:current:hot:first', 60_000);
    clock.skip(2 * feed.keepMs);
    await vi.waitFor(async () => expect(await redis.pttl(`feed:ranking:${last?.id}`)).toBeGreaterThan(60_000), soon);
    expect(await redis.pttl('feed:current:hot:first')).toBeGreaterThan(60_000);
    expect(await rankings.current(feed)).toBe(last);
    expect(await rankings.find(last?.id ?? '')).toBe(last);
    expect(rankings.health()[0]?.stale).toBe(true);
    const text = await metrics();
    expect(text).toMatch(/skyflow_feed_ranking_failures_total\{feed="hot"\} [1-9]/);
    expect(text).toContain(`skyflow_feed_ranking_age_seconds{feed="hot"} ${(feed.refreshMs + 2 * feed.keepMs) / 1000}`);
    rank = (one) => Promise.resolve(rankingOf(one, clock.nowMs()));
    clock.skip(60_000);
    await vi.waitFor(async () => expect((await rankings.current(feed))?.id).not.toBe(last?.id), soon);
    expect(rankings.health()[0]).toMatchObject({ failures: 0, error: undefined, stale: false });
  });

  test('is tried again after a pause that grows to a minute', async () => {
    const { rankings } = await open();
    await rankings.current(feed);
    rank = failing;
    clock.skip(feed.refreshMs);
    await vi.waitFor(() => expect(rankings.health()[0]?.failures).toBe(1), soon);
    clock.skip(999);
    await clock.rounds();
    expect(rankings.health()[0]?.failures).toBe(1);
    for (let failures = 2; failures < 9; failures += 1) {
      clock.skip(60_000);
      await vi.waitFor(() => expect(rankings.health()[0]?.failures).toBe(failures), soon);
    }
    clock.skip(29_999);
    await clock.rounds();
    expect(rankings.health()[0]?.failures).toBe(8);
  });

  test('at the first time lets nobody wait twice', async () => {
    rank = failing;
    const { rankings } = await open();
    expect(await rankings.current(feed)).toBeUndefined();
    expect(await rankings.current(feed)).toBeUndefined();
    expect(rankings.health()[0]).toMatchObject({ rankedAtMs: undefined, failures: 1, stale: true });
  });
});

describe('two instances', () => {
  test('rank a feed once and serve the same', async () => {
    // Long enough for the other to begin too.
    rank = async (one) => {
      const ranking = rankingOf(one, clock.nowMs());
      await clock.sleep(300);
      return ranking;
    };
    const [one, two] = [await open(), await open()];
    for (const round of [1, 2, 3]) {
      await vi.waitFor(async () => {
        const here = await one.rankings.current(feed);
        expect(here?.rankedAtMs).toBe(clock.nowMs());
        expect((await two.rankings.current(feed))?.id).toBe(here?.id);
      }, soon);
      expect(asked).toHaveLength(round);
      clock.skip(feed.refreshMs);
    }
  });

  test('do not wait for one that died while it ranked', async () => {
    const { redis, rankings } = await open();
    await redis.set('feed:refresh:hot:first', 'another', 'PX', 300);
    await clock.rounds();
    clock.skip(1_000);
    await vi.waitFor(() => expect(rankings.health()[0]?.posts).toBe(2), soon);
  });

  test('begin with what is there', async () => {
    const first = await (await open()).rankings.current(feed);
    const later = await open();
    clock.skip(1_000);
    await vi.waitFor(() => expect(later.rankings.health()[0]?.posts).toBe(2), soon);
    expect(await later.rankings.current(feed)).toEqual(first);
    expect(asked).toHaveLength(1);
  });
});

describe('Redis', () => {
  test('that is away stops nothing; what was made meanwhile is stored when it is back', async () => {
    const { rankings } = await open();
    const first = await rankings.current(feed);
    await room.server.kill();
    clock.skip(feed.refreshMs);
    await vi.waitFor(async () => expect((await rankings.current(feed))?.id).not.toBe(first?.id), soon);
    const second = await rankings.current(feed);
    expect(await rankings.find(first?.id ?? '')).toBe(first);
    const own = rankingOf(feed, clock.nowMs());
    await rankings.keep(feed, own);
    expect(await rankings.find(own.id)).toBe(own);
    await room.server.start();
    const other = await open([feed], false);
    await vi.waitFor(async () => expect(await other.rankings.find(second?.id ?? '')).toEqual(second), soon);
  });

  test('that lost everything is given the current ranking again', async () => {
    const { rankings, redis } = await open();
    const first = await rankings.current(feed);
    await redis.flushall();
    clock.skip(feed.keepMs / 4);
    rank = failing;
    const other = await open([feed], false);
    await vi.waitFor(async () => expect(await other.rankings.find(first?.id ?? '')).toEqual(first), soon);
  });

  test('forgets what was kept long enough', async () => {
    const [one, two] = [await open([], false), await open([], false)];
    const own = rankingOf(feed, clock.nowMs());
    await one.rankings.keep({ ...feed, keepMs: 400 }, own);
    expect(await one.rankings.find(own.id)).toBe(own);
    await vi.waitFor(async () => expect(await two.redis.exists(`feed:ranking:${own.id}`)).toBe(0), soon);
    clock.skip(400);
    expect(await one.rankings.find(own.id)).toBeUndefined();
    expect(await two.rankings.find(own.id)).toBeUndefined();
  });
});

describe('the key of the cursors', () => {
  test('is the same for all', async () => {
    const [one, two] = [await room.connect(), await room.connect()];
    const keys = await Promise.all([loadCursorKey(one), loadCursorKey(two), loadCursorKey(one)]);
    expect(keys[0]).toHaveLength(32);
    for (const key of keys) expect(key).toEqual(keys[0]);
  });

  test('is not taken from something else', async () => {
    const redis = await room.connect();
    await redis.set('feed:cursor-key', 'short');
    await expect(loadCursorKey(redis)).rejects.toThrow(/no key/);
  });
});
