import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import { openThrowaway, type ThrowawayClickHouse } from '#pkg/clickhouse/throwaway.ts';
import { ManualClock } from '#pkg/runtime/clock.ts';
import { createLogger } from '#pkg/runtime/log.ts';
import { select } from '#testing/answers/select.ts';
import { indexFrames } from '#testing/indexed-frames.ts';
import { Oracle } from '#testing/oracle/oracle.ts';
import { dayOf as dayOfUs, isTid, tidTimeUs } from '#testing/oracle/syntax.ts';
import { createWorld, type World } from '#testing/simulator/world.ts';
import { addDays, dayOf, nextDayWithData, refreshDailyStats } from './refresh.ts';
import { dailyStatsService } from './service.ts';

const log = createLogger({ level: 'silent' });
const url = process.env['CLICKHOUSE_URL'] === '' ? undefined : process.env['CLICKHOUSE_URL'];
const startMs = Date.UTC(2025, 9, 5, 20);
/** Everything that is no accident of one reader's taste, and that keys and days depend on. */
const faults = [
  'rkey-not-tid',
  'rkey-long',
  'created-future',
  'created-ancient',
  'duplicate',
  'time-back',
  'uri-nonsense',
] as const;

let throwaway: ThrowawayClickHouse;
let store: ClickHouse;
beforeAll(async () => {
  throwaway = await openThrowaway({ url, log });
  store = throwaway.store;
});
afterAll(async () => {
  await throwaway[Symbol.asyncDispose]();
});
beforeEach(async () => {
  const tables = ['posts', 'edges', 'record_revisions', 'engagement', 'follows', 'followers', 'blocks', 'daily_stats'];
  for (const table of tables) await store.command(`TRUNCATE TABLE ${table} SYNC`);
});

/** A world of four days or so; the simulator removes, edits and repeats a good part of it. */
const makeWorld = (seed: number): World =>
  createWorld({
    seed,
    accounts: 60,
    startUs: startMs * 1000,
    eventsPerSecond: 0.012,
    mix: { remove: 25, editPost: 4, retargetLike: 4, block: 4 },
    hostile: { probability: 0.05, faults },
  });

const take = (world: World, frames: number): string[] => Array.from({ length: frames }, () => world.next().text);

type Counts = Record<string, Record<string, number>>;

/** What the oracle says, with blocks and active accounts told from its list of live records. */
const expected = (frames: readonly string[]): Counts => {
  const oracle = new Oracle();
  for (const frame of frames) oracle.apply(frame);
  const counts: Counts = {};
  const active = new Map<string, Set<string>>();
  const counted = new Set(['feed.post', 'feed.like', 'feed.repost', 'graph.follow', 'graph.block']);
  for (const uri of oracle.revisions().keys()) {
    const [did = '', collection = '', rkey = ''] = uri.slice('at://'.length).split('/');
    if (!isTid(rkey) || !counted.has(collection.replace('app.bsky.', ''))) continue;
    const day = dayOfUs(tidTimeUs(rkey));
    active.set(day, (active.get(day) ?? new Set()).add(did));
    const row = (counts[day] ??= { ...oracle.days().get(day), blocks: 0 });
    if (collection === 'app.bsky.graph.block') row['blocks'] = (row['blocks'] ?? 0) + 1;
  }
  for (const [day, dids] of active) (counts[day] ??= {})['active_accounts'] = dids.size;
  return counts;
};

/** `daily_stats` in the same shape, days of nothing but zeros left out. */
const stored = async (): Promise<Counts> => {
  const counts: Counts = {};
  const rows = await select<{ day: string; metric: string; value: string }>(
    store,
    'SELECT day, metric, value FROM daily_stats FINAL',
  );
  for (const { day, metric, value } of rows) (counts[day] ??= {})[metric] = Number(value);
  return Object.fromEntries(Object.entries(counts).filter(([, row]) => Object.values(row).some((value) => value > 0)));
};

const firstDay = dayOf(startMs);
const lastDay = addDays(firstDay, 9);

const refreshAll = async (): Promise<void> => {
  // Where the tables keep what has no day: nothing of it may be counted.
  await refreshDailyStats(store, '1970-01-01', '1970-01-01');
  await refreshDailyStats(store, firstDay, lastDay);
};

test.each([1, 2, 3])('counts what the oracle counts, before and after deletes and replays (seed %i)', async (seed) => {
  const world = makeWorld(seed);
  const early = take(world, 2_500);
  await indexFrames(store, early);
  await refreshAll();
  const before = expected(early);
  expect(Object.keys(before).length).toBeGreaterThan(2);
  expect(await stored()).toEqual(before);

  const late = take(world, 1_500);
  await indexFrames(store, [...late, ...early.toReversed()]);
  await refreshAll();
  await refreshAll();
  const after = expected([...early, ...late]);
  expect(after[firstDay]).not.toEqual(before[firstDay]);
  expect(await stored()).toEqual(after);
});

test('the views show the same numbers a day', async () => {
  const frames = take(makeWorld(4), 2_000);
  await indexFrames(store, frames);
  await refreshDailyStats(store, firstDay, lastDay);
  const merged: Counts = {};
  for (const view of ['posts', 'engagement', 'follows', 'actors']) {
    const rows = await select<Record<string, string>>(store, `SELECT * FROM daily_stats_${view}`);
    for (const { day = '', ...row } of rows) {
      const numbers = Object.entries(row).map(([metric, value]) => [metric, Number(value)] as const);
      merged[day] = { ...merged[day], ...Object.fromEntries(numbers) };
    }
  }
  const zeros = { posts: 0, replies: 0, quotes: 0, likes: 0, reposts: 0, follows: 0, blocks: 0 };
  const full = (counts: Counts) =>
    Object.fromEntries(Object.entries(counts).map(([day, row]) => [day, { ...zeros, ...row }]));
  expect(full(merged)).toEqual(full(expected(frames)));
});

test('a day whose records are all gone falls to zero, even when the clock was set back', async () => {
  await store.command(`INSERT INTO daily_stats VALUES ('2025-10-05', 'likes', 7, now64(6) + INTERVAL 1 DAY)`);
  await refreshDailyStats(store, '2025-10-05', '2025-10-05');
  expect(await stored()).toEqual({});
});

test('days that ClickHouse has no date for are left out', async () => {
  await refreshDailyStats(store, '1969-12-30', '1970-01-02');
  await refreshDailyStats(store, '2149-06-04', '2150-01-01');
  const rows = await select<{ day: string }>(store, 'SELECT DISTINCT day FROM daily_stats ORDER BY day');
  expect(rows.map((row) => row.day)).toEqual(['1970-01-01', '1970-01-02', '2149-06-04', '2149-06-05']);
});

test('walks over the days that have anything', async () => {
  expect(await nextDayWithData(store, '1970-01-01')).toBeUndefined();
  await indexFrames(store, take(makeWorld(5), 1_000));
  const days: string[] = [];
  for (
    let day = await nextDayWithData(store, '1970-01-02');
    day !== undefined;
    day = await nextDayWithData(store, addDays(day, 1))
  ) {
    days.push(day);
  }
  expect(days[0]).toBe(firstDay);
  expect(days).toEqual(days.map((_, index) => addDays(firstDay, index)));
  expect(await nextDayWithData(store, '2149-06-06')).toBeUndefined();
});

/** Runs the service on a clock that stands still until told, with a store that counts and may fail. */
const runService = (nowMs: number, isAway = false) => {
  const clock = new ManualClock(nowMs);
  const refreshed: string[] = [];
  let failing = isAway;
  const watched: ClickHouse = {
    ...store,
    command: async (sql, params, settings) => {
      if (failing) throw new Error('the store is away');
      await store.command(sql, params, settings);
      refreshed.push(String(params?.['day']));
    },
  };
  const stop = new AbortController();
  const done = dailyStatsService({ store: watched, clock, log }).run(stop.signal);
  const idle = () => expect.poll(() => clock.sleeping, { timeout: 20_000, interval: 2 }).toBe(1);
  return {
    refreshed,
    idle,
    comeBack: () => {
      failing = false;
    },
    pass: async (ms: number) => {
      for (let left = ms; left > 0; left -= 1_000) {
        await clock.advance(Math.min(1_000, left));
        await idle();
      }
    },
    stop: async () => {
      stop.abort();
      await done;
    },
  };
};

test('the service counts the last three days every minute and all others once a day', async () => {
  await indexFrames(store, take(makeWorld(6), 2_500));
  const dayCount = Object.keys(expected(take(makeWorld(6), 2_500))).length;
  const today = addDays(firstDay, 4);
  const recent = [addDays(today, -2), addDays(today, -1), today];
  const service = runService(Date.parse(`${today}T10:00:00Z`));
  await service.idle();
  await service.pass(30_000);
  expect(service.refreshed.slice(0, 3)).toEqual(recent);
  const old = service.refreshed.slice(3);
  // 1970-01-01 holds the keys that are no TIDs.
  expect(old).toContain('1970-01-01');
  expect(new Set([...old, ...recent]).size).toBe(old.length + 3);
  expect(old.length + 3).toBeGreaterThan(dayCount);
  service.refreshed.length = 0;
  await service.pass(60_000);
  expect(service.refreshed).toEqual(recent);
  await service.stop();
});

test('the service outlasts a store that is away', async () => {
  const service = runService(startMs, true);
  await service.idle();
  await service.pass(5_000);
  expect(service.refreshed).toEqual([]);
  service.comeBack();
  await service.pass(60_000);
  expect(service.refreshed).toContain(firstDay);
  await service.stop();
});
