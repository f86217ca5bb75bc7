import type { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Postgres } from '#pkg/postgres/client.ts';
import { ManualClock } from '#pkg/runtime/clock.ts';
import { createLogger } from '#pkg/runtime/log.ts';
import { redisProcess } from '#testing/crash/redis-process.ts';
import { type Board, type Boards, createBoards } from './boards.ts';
import { type BoardRoom, nameOf, openBoardRoom, type PlayerForTests, setPlayers, user } from './boards-for-tests.ts';

const log = createLogger({ level: 'silent' });
/** Saturday of 2026-W47. */
const nowMs = Date.UTC(2026, 10, 21, 12);
const [LAST, THIS, NEXT] = ['2026-11-09', '2026-11-16', '2026-11-23'] as const;
const GLOBAL: Board = { board: 'global' };
const WEEK: Board = { board: 'weekly', monday: THIS };
const [ann, bea, cat, dan, eve] = ['ann', 'bea', 'cat', 'dan', 'eve'].map(user) as [
  string,
  string,
  string,
  string,
  string,
];

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

const put = async (...players: PlayerForTests[]): Promise<void> => {
  await setPlayers(postgres, players);
  await boards.refresh(players.map(({ userId }) => userId));
};
/** A board as `{ann: 30}`. */
const shown = async (board: Board): Promise<Record<string, number>> => {
  const { entries } = await boards.top(board, { limit: 1_000, offset: 0 });
  return Object.fromEntries(entries.map(({ userId, xp }) => [nameOf(userId), xp]));
};
const placed = (some: readonly { userId: string; rank: number }[]) =>
  some.map(({ userId, rank }) => `${rank} ${nameOf(userId)}`);

describe('the keys', () => {
  test('are leaderboard:global and leaderboard:weekly:{ISO year}-W{week}, member = user_id, score = XP', async () => {
    await put({ userId: ann, xp: 1_030, weeks: { [THIS]: 30, [LAST]: 20 } });
    expect(await redis.zrange('leaderboard:global', '0', '-1', 'WITHSCORES')).toEqual([ann, '1030']);
    expect(await redis.zrange('leaderboard:weekly:2026-W47', '0', '-1', 'WITHSCORES')).toEqual([ann, '30']);
    expect(await redis.zrange('leaderboard:weekly:2026-W46', '0', '-1', 'WITHSCORES')).toEqual([ann, '20']);
  });

  test('weeks take the year of their Thursday, and two digits', async () => {
    clock = new ManualClock(Date.UTC(2026, 0, 1));
    boards = createBoards({ redis, postgres, clock, log });
    await put({ userId: ann, xp: 9, weeks: { '2025-12-29': 5, '2025-12-22': 4 } });
    expect((await redis.keys('leaderboard:weekly:*-W??')).toSorted()).toEqual([
      'leaderboard:weekly:2025-W52',
      'leaderboard:weekly:2026-W01',
    ]);
  });

  test('a week is kept for 8 days after its last change, the global board for good', async () => {
    await put({ userId: ann, xp: 30, weeks: { [THIS]: 30 } });
    const eightDays = 8 * 86_400_000;
    for (const key of ['leaderboard:weekly:2026-W47', 'leaderboard:weekly:2026-W47:versions']) {
      expect(await redis.pttl(key)).toBeGreaterThan(eightDays - 60_000);
      expect(await redis.pttl(key)).toBeLessThanOrEqual(eightDays);
      await redis.pexpire(key, 5_000);
    }
    expect(await redis.pttl('leaderboard:global')).toBe(-1);
    expect(await redis.pttl('leaderboard:versions')).toBe(-1);
    await boards.refresh([{ userId: ann, weeks: [THIS] }]);
    expect(await redis.pttl('leaderboard:weekly:2026-W47')).toBeGreaterThan(eightDays - 60_000);
  });

  test('stats are user:stats:{user_id}, for 5 minutes, and go with the next news of their user', async () => {
    await put({ userId: ann, xp: 30, version: 4 });
    await boards.stats.write(ann, '{"a":1}');
    expect(await redis.get(`user:stats:${ann}`)).toBe('{"a":1}');
    expect(await redis.pttl(`user:stats:${ann}`)).toBeGreaterThan(295_000);
    expect(await redis.pttl(`user:stats:${ann}`)).toBeLessThanOrEqual(300_000);
    expect(await boards.stats.read(ann)).toBe('{"a":1}');
    await boards.refresh([bea]);
    expect(await boards.stats.read(ann)).toBe('{"a":1}');
    await boards.refresh([ann]);
    expect(await boards.stats.read(ann)).toBeUndefined();
    await boards.stats.write(ann, 'old', 3);
    expect(await boards.stats.read(ann)).toBeUndefined();
    await boards.stats.write(ann, 'now', 4);
    expect(await boards.stats.read(ann)).toBe('now');
  });

  test('a week that has no board any more gets none', async () => {
    await setPlayers(postgres, [{ userId: ann, xp: 30, weeks: { '2026-11-02': 30, [THIS]: 1, [NEXT]: 2 } }]);
    await boards.refresh([{ userId: ann, weeks: ['2026-11-02', THIS, NEXT] }]);
    expect((await redis.keys('leaderboard:weekly:*-W??')).toSorted()).toEqual([
      'leaderboard:weekly:2026-W47',
      'leaderboard:weekly:2026-W48',
    ]);
  });
});

describe('ranks', () => {
  beforeEach(() =>
    put(
      { userId: ann, xp: 50 },
      { userId: bea, xp: 40 },
      { userId: cat, xp: 40 },
      { userId: dan, xp: 40 },
      { userId: eve, xp: 10 },
    ),
  );

  test('are one more than there are with more XP, shared by those who have as much', async () => {
    const { entries, total } = await boards.top(GLOBAL, { limit: 10, offset: 0 });
    expect(placed(entries)).toEqual(['1 ann', '2 dan', '2 cat', '2 bea', '5 eve']);
    expect(total).toBe(5);
  });

  test('are the same on every page, wherever it begins', async () => {
    const whole = (await boards.top(GLOBAL, { limit: 10, offset: 0 })).entries;
    for (let limit = 1; limit <= 5; limit += 1) {
      for (let offset = 0; offset <= 6; offset += 1) {
        const page = await boards.top(GLOBAL, { limit, offset });
        expect(page).toEqual({ entries: whole.slice(offset, offset + limit), total: 5 });
      }
    }
    expect(await boards.top(GLOBAL, { limit: 0, offset: 0 })).toEqual({ entries: [], total: 5 });
  });

  test('of one user are those of the board', async () => {
    expect(await boards.place(GLOBAL, bea)).toEqual({ userId: bea, xp: 40, rank: 2 });
    expect(await boards.place(GLOBAL, eve)).toEqual({ userId: eve, xp: 10, rank: 5 });
    expect(await boards.place(GLOBAL, user('zoe'))).toBeUndefined();
    expect(await boards.place(WEEK, bea)).toBeUndefined();
  });

  test('among some are counted among them, and whoever is on no board is left out', async () => {
    const others = Array.from({ length: 2_500 }, (_, at) => user(`other${at}`));
    const found = await boards.among(GLOBAL, [...others, eve, cat, bea, cat]);
    expect(placed(found)).toEqual(['1 cat', '1 bea', '3 eve']);
    expect(await boards.among(GLOBAL, [])).toEqual([]);
  });
});

describe('who stands on a board', () => {
  test('nobody who is hidden, inactive, gone, or has no XP', async () => {
    const all = { xp: 30, weeks: { [THIS]: 20 } };
    await put({ userId: ann, ...all }, { userId: bea, ...all }, { userId: cat, ...all }, { userId: dan, ...all });
    expect(Object.keys(await shown(WEEK))).toHaveLength(4);
    await put(
      { userId: ann, ...all, version: 2, hidden: true },
      { userId: bea, ...all, version: 2, inactive: true },
      { userId: cat, ...all, version: 2, left: true },
      { userId: dan, xp: 0, version: 2, weeks: { [THIS]: -5 } },
      { userId: eve, ...all },
    );
    expect([await shown(GLOBAL), await shown(WEEK)]).toEqual([{ eve: 30 }, { eve: 20 }]);
    await put({ userId: ann, ...all, version: 3 });
    expect([await shown(GLOBAL), await shown(WEEK)]).toEqual([
      { eve: 30, ann: 30 },
      { eve: 20, ann: 20 },
    ]);
  });

  test('refresh says what is known of each', async () => {
    await setPlayers(postgres, [
      { userId: ann, xp: 5 },
      { userId: bea, left: true },
    ]);
    await postgres.query('INSERT INTO users (did) VALUES ($1)', [cat]);
    expect(await boards.refresh([ann, bea, cat, dan])).toEqual(
      new Map([
        [ann, 'known'],
        [bea, 'left'],
        [cat, 'known'],
        [dan, 'unknown'],
      ]),
    );
  });

  test('nobody whose rows are gone, also where a slower reading of them is written later', async () => {
    await put({ userId: ann, xp: 30, weeks: { [THIS]: 30 } }, { userId: bea, xp: 10 });
    const held = Promise.withResolvers<void>();
    const reading = Promise.withResolvers<void>();
    const slow = createBoards({
      redis,
      clock,
      log,
      postgres: {
        query: async (text, params) => {
          const rows = await postgres.query<never>(text, params);
          reading.resolve();
          await held.promise;
          return rows;
        },
      },
    });
    const late = slow.refresh([ann, bea]);
    await reading.promise;
    await postgres.script(`TRUNCATE players, weekly_xp`);
    await setPlayers(postgres, [{ userId: bea, xp: 11 }]);
    await boards.remove([ann]);
    held.resolve();
    await late;
    expect([await shown(GLOBAL), await shown(WEEK)]).toEqual([{ bea: 11 }, {}]);
    expect(await redis.hgetall('leaderboard:versions')).toEqual({ [bea]: '1' });
  });
});

describe('whatever the order', () => {
  test('an older reading never overwrites a newer one', async () => {
    const writes: (() => Promise<unknown>)[] = [];
    for (const version of [1, 2, 3, 4]) {
      await setPlayers(postgres, [{ userId: ann, xp: 10 * version, version, weeks: { [THIS]: 10 * version } }]);
      writes.push(await readNow([ann]));
    }
    await redis.flushall();
    for (const at of [2, 0, 3, 1, 0, 2]) await writes[at]?.();
    expect([await shown(GLOBAL), await shown(WEEK)]).toEqual([{ ann: 40 }, { ann: 40 }]);
  });

  /** A refresh that has read Postgres now, and writes whenever it is called. */
  const readNow = async (userIds: readonly string[]): Promise<() => Promise<unknown>> => {
    let found: { rows: never[] } = { rows: [] };
    const query = async (text: string, params?: readonly unknown[]) =>
      (found = await postgres.query<never>(text, params));
    await createBoards({ redis, clock, log, postgres: { query } }).refresh(userIds);
    const later = createBoards({ redis, clock, log, postgres: { query: async () => found } });
    return () => later.refresh(userIds);
  };
});
