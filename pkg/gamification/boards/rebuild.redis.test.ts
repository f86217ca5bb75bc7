import type { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Postgres } from '#pkg/postgres/client.ts';
import { StoreAwayError } from '#pkg/rest/away.ts';
import { type Clock, ManualClock, systemClock } from '#pkg/runtime/clock.ts';
import { createLogger } from '#pkg/runtime/log.ts';
import { redisProcess } from '#testing/crash/redis-process.ts';
import { type Board, type Boards, createBoards } from './boards.ts';
import { type BoardRoom, openBoardRoom, type PlayerForTests, setPlayers, SLOW, user } from './boards-for-tests.ts';

const log = createLogger({ level: 'silent' });
/** Saturday of 2026-W47. */
const nowMs = Date.UTC(2026, 10, 21, 12);
const [LAST, THIS] = ['2026-11-09', '2026-11-16'] as const;
const GLOBAL: Board = { board: 'global' };
const WEEK: Board = { board: 'weekly', monday: THIS };
const LAST_WEEK: Board = { board: 'weekly', monday: LAST };

let room: BoardRoom;
let redis: Redis;
let postgres: Postgres;
let clock: ManualClock;
let boards: Boards;

beforeAll(async () => {
  room = await openBoardRoom(redisProcess);
  ({ redis, postgres } = room);
});
afterAll(() => room[Symbol.asyncDispose]());
beforeEach(async () => {
  await room.tidy();
  clock = new ManualClock(nowMs);
  boards = createBoards({ redis, postgres, clock, log });
});
afterEach(() => vi.restoreAllMocks());

describe('a rebuild', () => {
  const everybody: PlayerForTests[] = Array.from({ length: 1_203 }, (_, at) => ({
    userId: user(`p${at}x`),
    xp: 1 + ((at * 7) % 50),
    version: 1 + (at % 5),
    weeks: at % 3 === 0 ? { [THIS]: 1 + (at % 9), [LAST]: 2 } : {},
    hidden: at % 11 === 0,
    inactive: at % 13 === 0,
  }));
  const all = async () => {
    const keys = (await redis.keys('leaderboard:*')).filter((key) => !/built|removals|building/.test(key)).toSorted();
    const read = async (key: string) =>
      key.endsWith('versions') ? redis.hgetall(key) : redis.zrange(key, '0', '-1', 'WITHSCORES');
    return Object.fromEntries(await Promise.all(keys.map(async (key) => [key, await read(key)] as const)));
  };

  beforeEach(async () => {
    await setPlayers(postgres, everybody);
    await boards.rebuild();
  });

  test('of an empty Redis gives the same boards', async () => {
    const before = await all();
    const stands = everybody.filter(({ hidden, inactive }) => hidden !== true && inactive !== true);
    expect((await boards.top(GLOBAL, { limit: 1, offset: 0 })).total).toBe(stands.length);
    expect((await boards.top(LAST_WEEK, { limit: 1, offset: 0 })).total).toBe(
      stands.filter(({ weeks = {} }) => LAST in weeks).length,
    );
    await redis.flushall();
    const seen: number[] = [];
    expect(await boards.rebuild({ onProgress: ({ done, total }) => seen.push(done, total) })).toEqual({
      players: 1_203,
      removed: 0,
    });
    expect(await all()).toEqual(before);
    expect(seen).toEqual([500, 1_203, 1_000, 1_203, 1_203, 1_203]);
  });

  test('takes out who does not belong, and believes a database whose versions are lower than before', async () => {
    await redis.zadd('leaderboard:global', 999, user('ghost'));
    await redis.zadd('leaderboard:weekly:2026-W47', 999, user('ghost'), 998, user('spirit'));
    await redis.zadd('leaderboard:global', 777, user('p1x'));
    await redis.hset('leaderboard:versions', user('p1x'), 1_000_000);
    const { removed } = await boards.rebuild();
    expect(removed).toBe(2);
    expect(await boards.place(GLOBAL, user('ghost'))).toBeUndefined();
    expect(await boards.place(WEEK, user('spirit'))).toBeUndefined();
    expect(await boards.place(GLOBAL, user('p1x'))).toMatchObject({ xp: 8 });
  });

  test('is safe beside updates that run meanwhile', async () => {
    let version = 10;
    const update = async () => {
      version += 1;
      await setPlayers(postgres, [{ userId: user('p1x'), xp: 10 * version, version }]);
      await boards.refresh([user('p1x')]);
    };
    const rebuilding = boards.rebuild();
    for (let times = 0; times < 10; times += 1) await update();
    await rebuilding;
    expect(await boards.place(GLOBAL, user('p1x'))).toMatchObject({ xp: 200 });
  });

  test('is done once when Redis is new, by one of all processes, and marked last', async () => {
    await redis.flushall();
    // The time stands still, and pauses are real.
    const pausing: Clock = { nowMs: () => nowMs, sleep: (ms, signal) => systemClock.sleep(ms, signal) };
    const others = [1, 2, 3].map(() => createBoards({ redis, postgres, clock: pausing, log }));
    const asked = vi.spyOn(postgres, 'query');
    await Promise.all(others.map((other) => other.ensureBuilt()));
    const rebuilds = () => asked.mock.calls.filter(([text]) => text.includes('count(*) AS players')).length;
    expect(rebuilds()).toBe(1);
    expect(await redis.get('leaderboard:built')).toMatch(/^[0-9a-f]{40}$/);
    expect((await boards.top(GLOBAL, { limit: 1, offset: 0 })).total).toBeGreaterThan(900);
    await boards.ensureBuilt();
    expect(rebuilds()).toBe(1);
  });

  test('that Redis lost in between is not called done', async () => {
    await redis.flushall();
    let pages = 0;
    const losing = createBoards({
      redis,
      clock,
      log,
      postgres: {
        query: async (text, params) => {
          if (text.includes('ORDER BY user_id') && (pages += 1) === 2) await redis.flushall();
          return postgres.query<never>(text, params);
        },
      },
    });
    await expect(losing.rebuild()).rejects.toThrow('lock was lost');
    expect(await redis.exists('leaderboard:built')).toBe(0);
  });

  describe('by the service', () => {
    let stop: AbortController;
    let running: Promise<void>;
    beforeEach(() => {
      stop = new AbortController();
      running = boards.service.run(stop.signal);
    });
    afterEach(async () => {
      stop.abort();
      await running;
    });

    test('comes when an update finds Redis emptied', async () => {
      const before = await all();
      await vi.waitFor(() => expect(clock.sleeping).toBe(1), SLOW);
      await redis.flushall();
      await boards.refresh([user('p1x')]);
      await vi.waitFor(async () => expect(await redis.exists('leaderboard:built')).toBe(1), SLOW);
      expect(await all()).toEqual(before);
    });

    test('comes after each start of the server, which may have lost the last writes', async () => {
      const before = await all();
      await vi.waitFor(() => expect(clock.sleeping).toBe(1), SLOW);
      const life = await redis.get('leaderboard:built');
      await redis.zrem('leaderboard:global', user('p1x'));
      await room.server.kill();
      await vi.waitFor(() => expect(redis.status).not.toBe('ready'), SLOW);
      await expect(boards.top(GLOBAL, { limit: 1, offset: 0 })).rejects.toThrow(StoreAwayError);
      await expect(boards.refresh([user('p1x')])).rejects.toThrow(StoreAwayError);
      await room.server.start();
      const mark = () => redis.get('leaderboard:built');
      // Gone with the writes that were lost, or still that of the former life: the new one is written last.
      await vi.waitFor(async () => expect([null, life]).not.toContain(await mark()), SLOW);
      expect(await all()).toEqual(before);
    });
  });
});
