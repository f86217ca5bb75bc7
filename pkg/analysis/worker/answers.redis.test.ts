import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { LensAnswer, LensQuestion } from '#pkg/contracts/lens.ts';
import { type Clock, systemClock } from '#pkg/runtime/clock.ts';
import { createMetrics, type Registry } from '#pkg/runtime/metrics.ts';
import { redisProcess, type RedisProcess } from '#testing/crash/redis-process.ts';
import { answerTo } from '#testing/saga/answer.ts';
import { cacheKey, createAnswerCache } from './answer-cache.ts';
import { type Answers, createAnswers } from './answers.ts';
import { createComputeLocks } from './compute-lock.ts';
import { TimedOutError } from './failure.ts';
import { timelineMetrics } from './metrics.ts';
import { softRedis } from '#pkg/redis/soft-redis.ts';

const question: LensQuestion = { did: 'did:plc:subject', lens: 'clout', window: '48h', audience: 'following' };
const minuteMs = 60_000;
const noon = Date.UTC(2026, 4, 5, 12);

let folder: string;
let server: RedisProcess;
const opened: Redis[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'skyflow-answers-'));
  server = await redisProcess(folder);
  await server.start();
});
afterEach(() => {
  for (const redis of opened.splice(0)) redis.disconnect();
});
afterAll(async () => {
  await server.kill();
  await rm(folder, { recursive: true, force: true });
});

/** Real pauses, but the hour is what the test says. */
let nowMs = noon;
const clock: Clock = { nowMs: () => nowMs, sleep: (ms, signal) => systemClock.sleep(ms, signal) };
let redis: Redis;
let computed: LensQuestion[];
let compute: (question: LensQuestion, signal: AbortSignal) => Promise<LensAnswer>;

const connect = async (): Promise<Redis> => {
  const connection = new Redis(server.url, { retryStrategy: () => 50, maxRetriesPerRequest: 5 });
  connection.on('error', () => undefined);
  opened.push(connection);
  await vi.waitFor(() => expect(connection.status).toBe('ready'));
  return connection;
};

/** Another process, as far as Redis can tell. */
const openProcess = async (options: { computeTimeoutMs?: number } = {}) => {
  const registry = createMetrics();
  const metrics = timelineMetrics(registry);
  const soft = softRedis(await connect(), clock);
  const answers = createAnswers({
    lenses: {
      answer: (asked, { signal }) => {
        computed.push(asked);
        return compute(asked, signal ?? new AbortController().signal);
      },
    },
    cache: createAnswerCache({ redis: soft, clock, onLook: (found) => metrics.looks.inc(found) }),
    locks: createComputeLocks(soft, clock),
    clock,
    metrics,
    computeTimeoutMs: options.computeTimeoutMs ?? 5_000,
  });
  return { answers, registry };
};
const looks = async (registry: Registry, result: string): Promise<number | undefined> =>
  (await registry.getSingleMetric('skyflow_timeline_cache_total')?.get())?.values.find(
    ({ labels }) => labels['result'] === result,
  )?.value;
const lockKey = () => `analysis:lock:${cacheKey(question, nowMs)}`;

const never = new AbortController().signal;
let answers: Answers;
let registry: Registry;
beforeEach(async () => {
  nowMs = noon;
  computed = [];
  compute = async (asked) => answerTo(asked, computed.length);
  redis = await connect();
  await redis.flushall();
  ({ answers, registry } = await openProcess());
});

describe('the cache', () => {
  test('lies where the specification says, for as long as any tier may have it', async () => {
    expect(await answers.find(question, 'drift', never)).toEqual({ answer: answerTo(question, 1), cached: false });
    expect(await redis.keys('*')).toEqual(['analysis:did:plc:subject:clout:2026-05-05:48h:following']);
    const ttlMs = await redis.pttl(cacheKey(question, nowMs));
    expect(ttlMs).toBeGreaterThan(59 * minuteMs);
    expect(ttlMs).toBeLessThanOrEqual(60 * minuteMs);
  });

  test('never serves an answer older than the asker may get', async () => {
    await answers.find(question, 'jet', never);
    nowMs += 30 * minuteMs;
    expect(await answers.find(question, 'jet', never)).toMatchObject({ cached: true });
    nowMs += 1;
    expect(await answers.find(question, 'drift', never)).toMatchObject({ cached: true });
    expect(computed).toHaveLength(1);
    const fresh = await answers.find(question, 'jet', never);
    expect(fresh).toEqual({ answer: answerTo(question, 2), cached: false });
    nowMs += 60 * minuteMs;
    expect(await answers.find(question, 'drift', never)).toMatchObject({ cached: true });
    nowMs += 1;
    expect(await answers.find(question, 'drift', never)).toMatchObject({ cached: false });
    expect(computed).toHaveLength(3);
    expect(await looks(registry, 'stale')).toBeGreaterThan(0);
  });

  test('keeps questions apart', async () => {
    const others: LensQuestion[] = [
      { ...question, did: 'did:plc:other' },
      { ...question, lens: 'flow' },
      { ...question, window: '7d' },
      { ...question, audience: 'mutual' },
    ];
    for (const one of [question, ...others]) expect((await answers.find(one, 'drift', never)).cached).toBe(false);
    for (const one of [question, ...others]) expect((await answers.find(one, 'drift', never)).cached).toBe(true);
    nowMs += 12 * 60 * minuteMs;
    expect((await answers.find(question, 'drift', never)).cached).toBe(false);
  });

  test.each<[string, () => Buffer]>([
    ['no archive', () => Buffer.from('{"version":1}')],
    ['a torn one', () => gzipSync(JSON.stringify(value())).subarray(0, 40)],
    ['no JSON', () => gzipSync('hello')],
    ['an answer with a hole', () => gzipSync(JSON.stringify(value({ board: undefined })))],
    ['another version', () => gzipSync(JSON.stringify({ ...value(), version: 2 }))],
    [
      'an answer about somebody else',
      () => gzipSync(JSON.stringify(value({ subject: { did: 'did:plc:x', handle: null } }))),
    ],
    ['an answer of tomorrow', () => gzipSync(JSON.stringify({ ...value(), computedAtMs: noon + 2 * minuteMs }))],
    ['a bomb', () => gzipSync(Buffer.alloc(20_000_000, 'x'))],
  ])('passes over a damaged value: %s', async (_, damage) => {
    await redis.set(cacheKey(question, nowMs), damage());
    expect(await answers.find(question, 'drift', never)).toMatchObject({ cached: false });
    expect(await looks(registry, 'damaged')).toBeGreaterThan(0);
    // And it is mended.
    expect(await answers.find(question, 'drift', never)).toMatchObject({ cached: true });
  });

  test('another kind of value in its place is passed over as well', async () => {
    await redis.lpush(cacheKey(question, nowMs), 'x');
    expect(await answers.find(question, 'drift', never)).toMatchObject({ cached: false });
  });

  test.each<[string, Partial<LensAnswer>]>([
    ['with nothing in it', { board: null, score: null }],
    ['that waits for its first scores', { score: null, notices: [{ code: 'no_reference', message: 'soon' }] }],
  ])('an answer %s is soon asked anew', async (_, change) => {
    compute = async (asked) => ({ ...answerTo(asked), ...change });
    await answers.find(question, 'drift', never);
    expect(await redis.pttl(cacheKey(question, nowMs))).toBeLessThanOrEqual(minuteMs);
    nowMs += minuteMs;
    expect(await answers.find(question, 'drift', never)).toMatchObject({ cached: true });
    nowMs += 1;
    expect(await answers.find(question, 'drift', never)).toMatchObject({ cached: false });
  });
});

const value = (change: object = {}) => ({
  version: 1,
  computedAtMs: noon,
  answer: { ...answerTo(question), ...change },
});

/** A computation that ends when the test says so. */
const heldBack = () => {
  const gate = Promise.withResolvers<void>();
  compute = async (asked) => {
    await gate.promise;
    return answerTo(asked, 1);
  };
  return gate;
};

describe('single flight', () => {
  test('within and across processes: computed once, and all get it', async () => {
    const gate = heldBack();
    const other = await openProcess();
    const asked = Array.from({ length: 20 }, (_, index) =>
      (index % 2 === 0 ? answers : other.answers).find(question, 'drift', never),
    );
    await vi.waitFor(() => expect(computed).toHaveLength(1));
    // The process that lost looks more than once before there is an answer.
    await vi.waitFor(async () => {
      const [mine = 0, others = 0] = [await looks(registry, 'miss'), await looks(other.registry, 'miss')];
      expect(mine + others).toBeGreaterThan(23);
    });
    gate.resolve();
    const found = await Promise.all(asked);
    expect(found.map(({ answer }) => answer)).toEqual(Array(20).fill(answerTo(question, 1)));
    expect(found.filter(({ cached }) => !cached)).toHaveLength(1);
    expect(computed).toHaveLength(1);
    expect(await redis.exists(lockKey())).toBe(0);
  });

  test('a lock is kept for longer than its life, and left behind by a dead process for no longer', async () => {
    const gate = heldBack();
    const first = answers.find(question, 'drift', never);
    await vi.waitFor(() => expect(computed).toHaveLength(1));
    await redis.pexpire(lockKey(), 2_500);
    await vi.waitFor(async () => expect(await redis.pttl(lockKey())).toBeGreaterThan(2_500), { timeout: 10_000 });
    gate.resolve();
    await first;
    await redis.flushall();
    await redis.set(lockKey(), 'of a dead process', 'PX', 300);
    expect(await answers.find(question, 'drift', never)).toMatchObject({ cached: false });
  });

  test('who lost the lock writes nothing over the answer of the next', async () => {
    const gate = heldBack();
    const slow = answers.find(question, 'drift', never);
    await vi.waitFor(() => expect(computed).toHaveLength(1));
    await redis.set(lockKey(), 'another process');
    gate.resolve();
    expect(await slow).toMatchObject({ cached: false });
    expect(await redis.exists(cacheKey(question, nowMs))).toBe(0);
    expect(await redis.get(lockKey())).toBe('another process');
  });

  test('a failure is everybody’s who waited, and nobody’s who comes later', async () => {
    const gate = Promise.withResolvers<LensAnswer>();
    compute = () => gate.promise;
    const asked = [1, 2, 3].map(() => answers.find(question, 'drift', never));
    await vi.waitFor(() => expect(computed).toHaveLength(1));
    gate.reject(new Error('broken'));
    for (const one of await Promise.allSettled(asked)) {
      expect(one).toMatchObject({ status: 'rejected', reason: { message: 'broken' } });
    }
    expect(await redis.exists(lockKey())).toBe(0);
    compute = async () => answerTo(question, 9);
    expect(await answers.find(question, 'drift', never)).toMatchObject({ cached: false });
  });

  test('one who goes leaves the others their answer; the last one to go stops the work', async () => {
    const signals: AbortSignal[] = [];
    const gate = heldBack();
    const held = compute;
    compute = (asked, signal) => {
      signals.push(signal);
      return held(asked, signal);
    };
    const [one, two] = [new AbortController(), new AbortController()];
    const first = answers.find(question, 'drift', one.signal);
    const second = answers.find(question, 'drift', two.signal);
    await vi.waitFor(() => expect(computed).toHaveLength(1));
    // The second has looked into the cache and joined.
    await vi.waitFor(async () => expect(await looks(registry, 'miss')).toBe(3));
    one.abort();
    await expect(first).rejects.toMatchObject({ name: 'AbortError' });
    expect(signals[0]?.aborted).toBe(false);
    two.abort();
    await expect(second).rejects.toMatchObject({ name: 'AbortError' });
    await vi.waitFor(() => expect(signals[0]?.aborted).toBe(true));
    await vi.waitFor(async () => expect(await redis.exists(lockKey())).toBe(0));
    gate.resolve();
  });
});

test('a computation over its time is told to stop, and given up even if it does not listen', async () => {
  const quick = await openProcess({ computeTimeoutMs: 50 });
  let told: AbortSignal | undefined;
  compute = (_, signal) => {
    told = signal;
    return new Promise(() => undefined);
  };
  await expect(quick.answers.find(question, 'drift', never)).rejects.toBeInstanceOf(TimedOutError);
  expect(told?.aborted).toBe(true);
  expect(await redis.exists(lockKey())).toBe(0);
});

test('without Redis everything is computed, and afterwards cached again', async () => {
  await server.kill();
  expect(await answers.find(question, 'drift', never)).toMatchObject({ cached: false });
  expect(await answers.find(question, 'drift', never)).toMatchObject({ cached: false });
  expect(await looks(registry, 'away')).toBeGreaterThan(0);
  await server.start();
  await vi.waitFor(() => expect(opened.every(({ status }) => status === 'ready')).toBe(true), { timeout: 10_000 });
  await answers.find(question, 'drift', never);
  expect(await answers.find(question, 'drift', never)).toMatchObject({ cached: true });
});

test('a Redis that says nothing holds nobody up for as long as it does', async () => {
  await redis.client('PAUSE', 600_000, 'ALL');
  expect(await answers.find(question, 'drift', never)).toMatchObject({ cached: false });
  expect(await looks(registry, 'away')).toBe(1);
  await server.kill();
  await server.start();
});
