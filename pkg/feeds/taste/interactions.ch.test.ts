import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { formatTid, tidAt } from '#pkg/atproto/tid.ts';
import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import { createKeys } from '#pkg/clickhouse/keys.ts';
import { openThrowaway, type ThrowawayClickHouse } from '#pkg/clickhouse/throwaway.ts';
import { type RedisHandle, openRedis } from '#pkg/redis/client.ts';
import { ManualClock } from '#pkg/runtime/clock.ts';
import { createLogger } from '#pkg/runtime/log.ts';
import { createMetrics } from '#pkg/runtime/metrics.ts';
import { select } from '#testing/answers/select.ts';
import { TASTE_EVENTS } from './events.ts';
import { type GivenInteraction, InteractionsBusyError, createInteractions } from './interactions.ts';
import { type TasteRedis, createKeptTastes } from './kept.ts';
import { rebuildTastes } from './rebuild.ts';
import { emptyState, tasteAt } from './state.ts';
import { BUILT_KEY } from './upkeep.ts';

const log = createLogger({ level: 'silent' });
const url = process.env['CLICKHOUSE_URL'] === '' ? undefined : process.env['CLICKHOUSE_URL'];
const keys = createKeys('salt of a test');
const author = 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa';
const startMs = Date.now() - 86_400_000;
const tids = Array.from({ length: 12 }, (_, index) => tidAt((startMs - index * 60_000) * 1000));
const uriOf = (index: number) => `at://${author}/app.bsky.feed.post/${formatTid(tids[index] ?? 0n)}`;
const viewers = ['a', 'b', 'c'].map((name) => ({
  did: `did:web:${name}.test`,
  id: keys.actorId(`did:web:${name}.test`),
}));
const [alice] = viewers as [(typeof viewers)[number]];

let throwaway: ThrowawayClickHouse;
let store: ClickHouse;
let base: string;
let handle: RedisHandle;
let redis: Redis;
let clock: ManualClock;
beforeAll(async () => {
  throwaway = await openThrowaway({ url, log });
  store = throwaway.store;
  // Versions that were merged away could not be taken by mistake.
  await store.command('SYSTEM STOP MERGES author_posts');
  base = mkdtempSync(join(tmpdir(), 'skyflow-interactions-'));
  handle = await openRedis({ log, dataDir: base });
  redis = handle.redis;
});
afterAll(async () => {
  await handle.close();
  await throwaway[Symbol.asyncDispose]();
  rmSync(base, { recursive: true, force: true });
});
beforeEach(async () => {
  clock = new ManualClock(startMs);
  await redis.flushdb();
  for (const table of ['feed_interactions', 'author_posts']) await store.command(`TRUNCATE TABLE ${table} SYNC`);
  for (const [index, tid] of tids.entries()) await insertPost(tid, index % 2 === 0 ? ['cats', 'even'] : ['cats']);
});

const insertPost = (tid: bigint, tags: readonly string[], deleted = 0, version = 1) =>
  store.command(
    `INSERT INTO author_posts (actor_id, tid, day, version, deleted, tags)
     VALUES ({actor:UInt64}, {tid:UInt64}, '2026-01-01', {version:Int64}, {deleted:UInt8}, {tags:Array(String)})`,
    { actor: keys.actorId(author), tid, tags, deleted, version },
  );

const make = (parts: { store?: ClickHouse; redis?: TasteRedis } = {}) => {
  const registry = createMetrics();
  const interactions = createInteractions({ store, redis, keys, clock, log, registry, ...parts });
  const metric = async (name: string, label: string) =>
    (await registry.getSingleMetric(name)?.get())?.values.find(({ labels }) => Object.values(labels).includes(label))
      ?.value;
  return {
    services: interactions.services,
    accept: (...args: Parameters<typeof interactions.accept>) => interactions.accept(...args),
    metric,
  };
};

const said = (event: string, index: number, more: Partial<GivenInteraction> = {}): GivenInteraction => ({
  item: uriOf(index),
  event: `app.bsky.feed.defs#${event}`,
  ...more,
});

const stateOf = async (id: bigint) => (await createKeptTastes(redis).read(id))?.state ?? emptyState();
const tasteOf = async (id: bigint) => tasteAt(await stateOf(id), clock.nowMs());

/** A connection to Redis whose scripts fail while it is told so. */
const breakable = () => {
  let isBroken = false;
  const bound: TasteRedis = {
    get: redis.get.bind(redis),
    set: redis.set.bind(redis),
    del: redis.del.bind(redis),
    getBuffer: redis.getBuffer.bind(redis),
    getrange: redis.getrange.bind(redis),
    eval: (async (...args: Parameters<typeof redis.eval>) => {
      if (isBroken) throw new Error('Redis is away');
      return redis.eval(...args);
    }) as TasteRedis['eval'],
  };
  return { bound, set: (broken: boolean) => (isBroken = broken) };
};

/** Runs the upkeep until `isDone`, moving the clock. */
const keepUp = async (services: ReturnType<typeof make>['services'], isDone: () => Promise<boolean>) => {
  const stop = new AbortController();
  const running = Promise.all(services.map((service) => service.run(stop.signal)));
  for (;;) {
    await vi.waitFor(() => expect(clock.sleeping).toBe(services.length), { timeout: 20_000 });
    if (await isDone()) break;
    await clock.advance(10_000);
  }
  stop.abort();
  await running;
};

describe('an interaction', () => {
  it('is stored, changes the taste, and is counted', async () => {
    const { accept, metric } = make();
    await accept(alice, [
      said('requestLess', 0, { feed: 'whats-hot', feedContext: "it's \\ ünïcode\0", reqId: 'r1' }),
      said('interactionSeen', 1),
      said('clickthroughItem', 2),
      said('nonsense', 3),
    ]);
    const rows = await select(
      store,
      'SELECT toUnixTimestamp64Milli(at) AS at_ms, viewer_id, feed, event, actor_id, tid, uri, context, req_id FROM feed_interactions ORDER BY event',
    );
    const row = { at_ms: String(startMs), viewer_id: String(alice.id), actor_id: String(keys.actorId(author)) };
    const bare = { ...row, feed: '', context: '', req_id: '' };
    expect(rows).toEqual([
      { ...bare, event: 'clickthroughItem', tid: String(tids[2]), uri: uriOf(2) },
      { ...bare, event: 'interactionSeen', tid: String(tids[1]), uri: uriOf(1) },
      {
        ...row,
        feed: 'whats-hot',
        event: 'requestLess',
        tid: String(tids[0]),
        uri: uriOf(0),
        context: "it's \\ ünïcode\0",
        req_id: 'r1',
      },
    ]);
    const taste = await tasteOf(alice.id);
    expect(taste.less).toEqual(new Set([`${keys.actorId(author)}:${tids[0]}`]));
    expect(taste.seen).toEqual(new Set([`${keys.actorId(author)}:${tids[1]}`]));
    expect(taste.authors.get(keys.actorId(author))).toBeCloseTo(0.5);
    expect([...taste.tags.keys()].toSorted((a, b) => a.localeCompare(b))).toEqual(['cats', 'even']);
    for (const factor of taste.tags.values()) expect(factor).toBeCloseTo(0.6);
    expect(await metric('skyflow_feed_interactions_total', 'requestLess')).toBe(1);
    expect(await metric('skyflow_feed_interactions_dropped_total', 'unknown_event')).toBe(1);
  });

  it('takes the tags of the newest version of a post, and none of a deleted one', async () => {
    // The newest comes last for one of them, and not for the other.
    await insertPost(tids[0] ?? 0n, ['dogs'], 0, 2);
    await insertPost(tids[4] ?? 0n, ['dogs'], 0, 3);
    await insertPost(tids[4] ?? 0n, ['old'], 0, 2);
    await insertPost(tids[2] ?? 0n, [], 1, 2);
    await make().accept(alice, [said('requestMore', 0), said('requestMore', 2), said('requestMore', 4)]);
    expect([...(await tasteOf(alice.id)).tags.keys()]).toEqual(['dogs']);
  });

  it('of many calls at once is stored in few inserts', async () => {
    const insert = vi.spyOn(store, 'insertRows');
    const { accept } = make();
    await Promise.all(
      Array.from({ length: 60 }, (_, n) => accept(viewers[n % 3] ?? alice, [said('interactionSeen', n % 12)])),
    );
    expect(insert.mock.calls.length).toBeLessThanOrEqual(5);
    insert.mockRestore();
    // The same account said the same at the same moment in several calls: 12 posts by three accounts, of which each saw four.
    const [count] = await select<{ rows: string }>(
      store,
      'SELECT count() AS rows FROM (SELECT DISTINCT viewer_id, tid FROM feed_interactions)',
    );
    expect(Number(count?.rows)).toBe(12);
    for (const { id } of viewers) expect((await tasteOf(id)).seen.size).toBe(4);
  });
});

describe('a store that is away', () => {
  it('is told as busy, and what was durable is in the taste once Redis is back, once', async () => {
    const flaky = breakable();
    const { accept, services } = make({ redis: flaky.bound });
    let turns = 0;
    await keepUp(services, async () => {
      turns += 1;
      if (turns > 1) return (await tasteOf(alice.id)).less.size > 0;
      // All was well so far.
      flaky.set(true);
      await expect(accept(alice, [said('requestLess', 0)])).rejects.toBeInstanceOf(InteractionsBusyError);
      expect((await tasteOf(alice.id)).less.size).toBe(0);
      flaky.set(false);
      return false;
    });
    expect((await tasteOf(alice.id)).authors.get(keys.actorId(author))).toBeCloseTo(0.5, 2);
    await accept(alice, [said('requestLess', 0)]);
    expect((await tasteOf(alice.id)).authors.get(keys.actorId(author))).toBeCloseTo(0.5, 2);
  });

  it('is told as busy where rows cannot be stored, and not where the database is not ours to use', async () => {
    const failing = (cause: Error): ClickHouse => ({ ...store, insertRows: () => Promise.reject(cause) });
    const away = make({ store: failing(Object.assign(new Error('away'), { code: 'ECONNREFUSED' })) });
    await expect(away.accept(alice, [said('requestLess', 0)])).rejects.toBeInstanceOf(InteractionsBusyError);
    const refused = make({ store: failing(Object.assign(new Error('no such table'), { clickhouseCode: 60 })) });
    await expect(refused.accept(alice, [said('requestLess', 0)])).rejects.toThrow('no such table');
    expect(await stateOf(alice.id)).toEqual(emptyState());
  });
});

/** Numbers in [0, n) that are the same in every run. */
const dice = (seed: number) => {
  let state = seed;
  return (sides: number) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    return Math.floor((state / 0x8000_0000) * sides);
  };
};

describe('tastes made anew', () => {
  it('are those that were there, when Redis lost everything', async () => {
    const roll = dice(4);
    const { accept, services } = make();
    for (let call = 0; call < 60; call += 1) {
      await clock.advance(roll(600_000));
      const some = Array.from({ length: 1 + roll(4) }, () => said(TASTE_EVENTS[roll(8)] ?? '', roll(12)));
      await accept(viewers[roll(3)] ?? alice, some);
    }
    const before = await Promise.all(viewers.map(({ id }) => stateOf(id)));
    expect(before.every((state) => state.authors.size > 0 && state.seen.size > 0)).toBe(true);
    await redis.flushdb();
    await keepUp(services, async () => (await redis.get(BUILT_KEY)) !== null);
    const after = await Promise.all(viewers.map(({ id }) => stateOf(id)));
    for (const [index, state] of after.entries()) {
      const nowMs = clock.nowMs();
      const [was, is] = [tasteAt(before[index] ?? emptyState(), nowMs), tasteAt(state, nowMs)];
      expect(is.less).toEqual(was.less);
      expect([...is.seen]).toEqual([...was.seen]);
      expect([...is.authors.keys()]).toEqual([...was.authors.keys()]);
      for (const [id, factor] of was.authors) expect(is.authors.get(id)).toBeCloseTo(factor, 3);
      for (const [tag, factor] of was.tags) expect(is.tags.get(tag)).toBeCloseTo(factor, 3);
    }
  });

  it('are not made again while all is well', async () => {
    const { accept, services } = make();
    await redis.set(BUILT_KEY, startMs);
    await accept(alice, [said('requestLess', 0)]);
    const query = vi.spyOn(store, 'query');
    let turns = 0;
    await keepUp(services, async () => (turns += 1) > 3);
    expect(query.mock.calls.filter(([{ name }]) => name === 'feed_taste_viewers')).toHaveLength(1);
    query.mockRestore();
  });

  it('after a kill between the two stores hold what Redis was not told', async () => {
    const flaky = breakable();
    await redis.set(BUILT_KEY, startMs);
    flaky.set(true);
    await make({ redis: flaky.bound })
      .accept(alice, [said('requestLess', 0)])
      .catch(() => undefined);
    // Another process: it knows nothing of the failure.
    await clock.advance(5_000);
    await keepUp(make().services, async () => (await tasteOf(alice.id)).less.size > 0);
  });

  it('lose nothing that is said meanwhile', async () => {
    const { accept } = make();
    await accept(alice, [said('requestLess', 0)]);
    const kept = createKeptTastes(redis);
    let interruptions = 0;
    const interrupted: typeof kept = {
      ...kept,
      async replace(...args) {
        if (interruptions < 2) {
          interruptions += 1;
          await accept(alice, [said('requestLess', interruptions)]);
        }
        return kept.replace(...args);
      },
    };
    const made = await rebuildTastes({ store, kept: interrupted, sinceMs: 0, signal: new AbortController().signal });
    expect(made).toBe(1);
    expect((await tasteOf(alice.id)).less.size).toBe(3);
  });
});
