import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type RedisHandle, openRedis } from '#pkg/redis/client.ts';
import { ManualClock } from '#pkg/runtime/clock.ts';
import { createLogger } from '#pkg/runtime/log.ts';
import { TASTE_TTL_MS, createKeptTastes } from './kept.ts';
import { type TasteState, emptyState, learn } from './state.ts';
import { createTastes } from './tastes.ts';

const log = createLogger({ level: 'silent' });
const viewer = { did: 'did:plc:vvvvvvvvvvvvvvvvvvvvvvvv', id: 18_446_744_073_709_551_615n };
const key = `feed:taste:${viewer.id}`;
const day = 86_400_000;

let base: string;
let handle: RedisHandle;
let redis: Redis;
beforeAll(async () => {
  base = mkdtempSync(join(tmpdir(), 'skyflow-taste-'));
  handle = await openRedis({ log, dataDir: base });
  redis = handle.redis;
});
afterAll(async () => {
  await handle.close();
  rmSync(base, { recursive: true, force: true });
});
beforeEach(async () => {
  vi.restoreAllMocks();
  await redis.flushdb();
});

const less =
  (tid: number, clock = new ManualClock()) =>
  (state: TasteState) =>
    learn(state, {
      event: 'requestLess',
      post: { actorId: BigInt(tid), tid: BigInt(tid) },
      tags: [],
      atMs: clock.nowMs(),
    });

describe('a kept taste', () => {
  it('loses no change of many at once, from several processes', async () => {
    const processes = [1, 2, 3].map(() => createKeptTastes(redis));
    const changes = Array.from({ length: 60 }, (_, tid) =>
      (processes[tid % 3] ?? createKeptTastes(redis)).update(viewer.id, less(tid)),
    );
    await Promise.all(changes);
    const found = await processes[0]?.read(viewer.id);
    expect(found?.state.less.size).toBe(60);
    expect(found?.state.authors.size).toBe(60);
  });

  it('is forgotten 90 days after its last change', async () => {
    await createKeptTastes(redis).update(viewer.id, less(1));
    const ttlMs = await redis.pttl(key);
    expect(ttlMs).toBeGreaterThan(TASTE_TTL_MS - 60_000);
    expect(ttlMs).toBeLessThanOrEqual(TASTE_TTL_MS);
  });

  it('is not overwritten by who has seen an older one', async () => {
    const kept = createKeptTastes(redis);
    const before = await kept.stamp(viewer.id);
    await kept.update(viewer.id, less(1));
    expect(await kept.replace(viewer.id, before, emptyState())).toBe(false);
    const now = await kept.stamp(viewer.id);
    expect(await kept.replace(viewer.id, now, emptyState())).toBe(true);
    expect((await kept.read(viewer.id))?.state.less.size).toBe(0);
  });

  it('knows its own write again when the command is sent twice', async () => {
    const calls: unknown[][] = [];
    const spy: typeof redis.eval = async (...args: unknown[]) => {
      calls.push(args);
      return redis.eval(...(args as Parameters<typeof redis.eval>));
    };
    const kept = createKeptTastes({
      get: redis.get.bind(redis),
      set: redis.set.bind(redis),
      del: redis.del.bind(redis),
      getBuffer: redis.getBuffer.bind(redis),
      getrange: redis.getrange.bind(redis),
      eval: spy,
    });
    await kept.update(viewer.id, less(1));
    expect(await redis.eval(...(calls[0] as Parameters<typeof redis.eval>))).toBe(1);
    await kept.update(viewer.id, less(2));
    expect(await redis.eval(...(calls[0] as Parameters<typeof redis.eval>))).toBe(0);
    expect((await kept.read(viewer.id))?.state.less.size).toBe(2);
  });

  it('starts anew where something unreadable is', async () => {
    const kept = createKeptTastes(redis);
    for (const junk of [Buffer.from('b'.repeat(40)), Buffer.from([0xff, 0xfe, 0]), Buffer.from('a'.repeat(12))]) {
      await redis.set(key, junk);
      expect(await createTastes({ redis, clock: new ManualClock(), log }).of(viewer)).toBeUndefined();
      await kept.update(viewer.id, less(1));
      expect((await kept.read(viewer.id))?.state.less.size).toBe(1);
    }
  });
});

describe('tastes', () => {
  it('are undefined for one who said nothing, after one look-up', async () => {
    const get = vi.spyOn(redis, 'getBuffer');
    const range = vi.spyOn(redis, 'getrange');
    expect(await createTastes({ redis, clock: new ManualClock(), log }).of(viewer)).toBeUndefined();
    expect([get.mock.calls.length, range.mock.calls.length]).toEqual([1, 0]);
  });

  it('are read whole once, and again only when they changed', async () => {
    const kept = createKeptTastes(redis);
    const tastes = createTastes({ redis, clock: new ManualClock(), log });
    await kept.update(viewer.id, less(1));
    const get = vi.spyOn(redis, 'getBuffer');
    const first = await tastes.of(viewer);
    expect(first?.less).toEqual(new Set(['1:1']));
    expect(await tastes.of(viewer)).toBe(first);
    expect(get).toHaveBeenCalledTimes(1);
    await createKeptTastes(redis).update(viewer.id, less(2));
    expect((await tastes.of(viewer))?.less).toEqual(new Set(['1:1', '2:2']));
    await redis.del(key);
    expect(await tastes.of(viewer)).toBeUndefined();
  });

  it('fade while nothing is said', async () => {
    const clock = new ManualClock();
    const tastes = createTastes({ redis, clock, log });
    await createKeptTastes(redis).update(viewer.id, less(1, clock));
    expect((await tastes.of(viewer))?.authors.get(1n)).toBeCloseTo(0.5);
    await clock.advance(30 * day);
    expect((await tastes.of(viewer))?.authors.get(1n)).toBeCloseTo(Math.SQRT1_2);
  });

  it('of many are held ready within a bound, and stay right beyond it', async () => {
    const kept = createKeptTastes(redis);
    const tastes = createTastes({ redis, clock: new ManualClock(), log });
    const state = emptyState();
    for (let tid = 0; tid < 2_000; tid += 1) {
      learn(state, { event: 'interactionSeen', post: { actorId: 1n, tid: BigInt(tid) }, tags: [], atMs: 1 });
    }
    const viewers = Array.from({ length: 110 }, (_, id) => ({ did: `did:web:v${id}.test`, id: BigInt(id) }));
    for (const { id } of viewers) await kept.replace(id, '', state);
    for (const one of viewers) await tastes.of(one);
    const get = vi.spyOn(redis, 'getBuffer');
    const last = viewers.at(-1);
    const first = viewers[0];
    if (last === undefined || first === undefined) throw new Error('no viewers');
    await tastes.of(last);
    expect(get).toHaveBeenCalledTimes(0);
    expect((await tastes.of(first))?.seen.size).toBe(2_000);
    expect(get).toHaveBeenCalledTimes(1);
  });
});
