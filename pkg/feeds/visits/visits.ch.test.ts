import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import { openThrowaway, type ThrowawayClickHouse } from '#pkg/clickhouse/throwaway.ts';
import { ManualClock } from '#pkg/runtime/clock.ts';
import { createLogger } from '#pkg/runtime/log.ts';
import { createMetrics } from '#pkg/runtime/metrics.ts';
import { select } from '#testing/answers/select.ts';
import type { Visit } from '../parts.ts';
import { dayOf } from './day.ts';
import { readStats } from './stats.ts';
import { createVisits } from './visits.ts';

const log = createLogger({ level: 'silent' });
const url = process.env['CLICKHOUSE_URL'] === '' ? undefined : process.env['CLICKHOUSE_URL'];
const day = 86_400_000;
/** An hour before midnight, so that a test can go on into the next day. */
const startMs = Math.floor(Date.now() / day) * day - 3 * day - 3_600_000;

let throwaway: ThrowawayClickHouse;
let store: ClickHouse;
beforeAll(async () => {
  throwaway = await openThrowaway({ url, log });
  store = throwaway.store;
});
afterAll(() => throwaway[Symbol.asyncDispose]());
beforeEach(async () => {
  for (const table of ['feed_visits', 'feed_interactions']) await store.command(`TRUNCATE TABLE ${table} SYNC`);
});

const viewer = (name: string) => ({ did: `did:web:${name}.test`, id: BigInt(name.codePointAt(0) ?? 0) });
const visit = (rkey: string, name: string | undefined, depth = 30, isFirst = depth === 30): Visit => ({
  rkey,
  viewer: name === undefined ? undefined : viewer(name),
  depth,
  isFirst,
});

const start = (given: { store?: ClickHouse; flushAt?: number } = {}) => {
  const clock = new ManualClock(startMs);
  const registry = createMetrics();
  const visits = createVisits({ store, clock, log, registry, ...given });
  const stop = new AbortController();
  const running = Promise.all(visits.services.map((service) => service.run(stop.signal)));
  const dropped = async () =>
    (await registry.getSingleMetric('skyflow_feed_visits_dropped_total')?.get())?.values[0]?.value;
  const end = async () => {
    stop.abort();
    await running;
  };
  return { clock, count: (one: Visit) => visits.count(one), end, dropped };
};

const rows = () =>
  select<{ on_day: string; feed: string; visitor: string; pages: string; firsts: string; deepest: number }>(
    store,
    `SELECT toString(day) AS on_day, feed, visitor, sum(requests) AS pages, sum(first_pages) AS firsts, max(depth) AS deepest
     FROM feed_visits GROUP BY day, feed, visitor ORDER BY day, feed, visitor`,
  );

describe('visits', () => {
  it('become figures by day, feed and visitor, and name nobody', async () => {
    const { clock, count, end } = start();
    for (const one of [visit('hot', 'a'), visit('hot', 'a', 60), visit('hot', 'b'), visit('hot', undefined, 90)])
      count(one);
    count(visit('new', 'a'));
    await clock.advance(2 * 3_600_000);
    await vi.waitFor(async () => expect(await rows()).not.toEqual([]));
    count(visit('hot', 'a'));
    await end();
    const found = await rows();
    const today = dayOf(startMs);
    const lines = found.map((row) => [row.on_day, row.feed, row.pages, row.firsts, row.deepest].join(' '));
    expect(new Set(lines)).toEqual(
      new Set([
        `${today} hot 1 0 90`,
        `${today} hot 1 1 30`,
        `${today} hot 2 1 60`,
        `${today} new 1 1 30`,
        `${dayOf(startMs + 2 * 3_600_000)} hot 1 1 30`,
      ]),
    );
    expect(lines).toHaveLength(5);
    const visitors = new Set(found.map(({ visitor }) => visitor));
    // Two of the first day, one of them in two feeds; the same account is somebody else on the next day; and nobody.
    expect(visitors.size).toBe(4);
    expect(visitors.has('0')).toBe(true);
    for (const name of ['a', 'b']) expect(visitors.has(String(viewer(name).id))).toBe(false);
  });

  it('of several processes are of the same visitor', async () => {
    const both = [start(), start()];
    for (const { count } of both) count(visit('hot', 'a'));
    for (const { end } of both) await end();
    expect((await rows()).map(({ pages }) => pages)).toEqual(['2']);
  });

  it('are kept while the store is away, up to the bound, and what is dropped is counted', async () => {
    let isAway = true;
    const away = () => Promise.reject(new Error('away'));
    const flaky: ClickHouse = {
      ...store,
      query: (...args) => (isAway ? away() : store.query(...args)),
      insertRows: (...args) => (isAway ? away() : store.insertRows(...args)),
    };
    const { clock, count, end, dropped } = start({ store: flaky, flushAt: 5 });
    for (let index = 0; index < 13; index += 1) {
      count(visit('hot', `v${index}`));
      count(visit('hot', `v${index}`, 60));
      await clock.advance(10_000);
    }
    expect(await dropped()).toBe(6);
    isAway = false;
    await end();
    const found = await rows();
    expect(found).toHaveLength(10);
    expect(found.every(({ pages, deepest }) => pages === '2' && deepest === 60)).toBe(true);
  });

  it('are written before their time when they are many', async () => {
    const { count, end } = start({ flushAt: 5 });
    for (let index = 0; index < 5; index += 1) count(visit('hot', `v${index}`));
    await vi.waitFor(async () => expect(await rows()).toHaveLength(5));
    await end();
  });
});

describe('stats', () => {
  const insertSaid = (atMs: number, feed: string, event: string, tid: number) =>
    store.command(
      `INSERT INTO feed_interactions (at, viewer_id, feed, event, actor_id, tid)
       VALUES (fromUnixTimestamp64Milli({at:Int64}), 1, {feed:String}, {event:String}, 2, {tid:UInt64})`,
      { at: atMs, feed, event, tid },
    );

  it('say what was counted, the newest day first', async () => {
    const { clock, count, end } = start();
    for (const one of [visit('hot', 'a'), visit('hot', 'a', 60), visit('hot', 'b', 20), visit('hot', undefined, 90)]) {
      count(one);
    }
    await clock.advance(day);
    count(visit('hot', undefined));
    count(visit('new', 'a'));
    await end();
    await insertSaid(startMs, 'hot', 'requestLess', 1);
    await insertSaid(startMs, 'hot', 'interactionSeen', 1);
    await insertSaid(startMs + 1, 'hot', 'interactionSeen', 2);
    await insertSaid(startMs + day, '', 'requestMore', 3);
    await insertSaid(startMs - 40 * day, 'hot', 'requestMore', 3);
    const nowMs = startMs + day;
    const [first, second] = [dayOf(startMs), dayOf(nowMs)];
    const figures = await readStats(store, { days: 30, nowMs });
    expect(figures.map(({ day: on, feed }) => [on, feed])).toEqual([
      [second, ''],
      [second, 'hot'],
      [second, 'new'],
      [first, 'hot'],
    ]);
    const [unknown, quiet, , busy] = figures;
    expect(unknown).toMatchObject({ requests: 0, viewers: 0, interactions: { requestMore: 1 } });
    expect(quiet).toMatchObject({ requests: 1, unsignedRequests: 1, viewers: 0, depth: { max: 30, mean: 0 } });
    expect(busy).toMatchObject({
      requests: 4,
      unsignedRequests: 1,
      firstPages: 1,
      viewers: 2,
      depth: { max: 90, mean: 40 },
      interactions: { requestLess: 1, interactionSeen: 2, requestMore: 0 },
    });
    expect(Object.keys(busy?.interactions ?? {})).toHaveLength(12);
    expect(await readStats(store, { days: 1, nowMs })).toEqual(figures.slice(0, 3));
    expect(await readStats(store, { feed: 'new', days: 30, nowMs })).toEqual(figures.slice(2, 3));
    expect(await readStats(store, { feed: "' OR 1", days: 30, nowMs })).toEqual([]);
  });
});
