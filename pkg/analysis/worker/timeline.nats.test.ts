import type { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Bus } from '#pkg/bus/client.ts';
import { derivedEventId } from '#pkg/bus/events.ts';
import type { Publisher } from '#pkg/bus/publish.ts';
import type { LensAnswer, LensQuestion } from '#pkg/contracts/lens.ts';
import { systemClock } from '#pkg/runtime/clock.ts';
import { createLogger } from '#pkg/runtime/log.ts';
import { createMetrics, type Registry } from '#pkg/runtime/metrics.ts';
import { answerTo } from '#testing/saga/answer.ts';
import { type Published, readPublished } from '#testing/saga/read-stream.ts';
import { makeRequest, type RequestFields } from '#testing/saga/request.ts';
import { openStage, type Stage } from '#testing/saga/stage.ts';
import { createTimeline, type TimelineDeps } from './timeline.ts';

let stage: Stage;
let bus: Bus;
let redis: Redis;
let publisher: Publisher;
beforeAll(async () => {
  stage = await openStage();
  ({ bus, redis, publisher } = stage);
});
afterAll(() => stage.close());

let computed: LensQuestion[];
let compute: (question: LensQuestion, signal: AbortSignal) => Promise<LensAnswer>;
let registry: Registry;
let logged: string[];
const stops: (() => Promise<void>)[] = [];

/** Runs the service until the test ends. */
const run = (change: Partial<TimelineDeps> = {}): void => {
  const stop = new AbortController();
  const { services } = createTimeline({
    lenses: {
      answer: (question, { signal }) => {
        computed.push(question);
        return compute(question, signal ?? new AbortController().signal);
      },
    },
    postgres: stage.postgres,
    redis,
    bus,
    publisher,
    clock: systemClock,
    log: createLogger({ level: 'info', write: (line) => void logged.push(line) }),
    registry,
    retryDelaysMs: [10, 20],
    ...change,
  });
  const running = Promise.all(services.map((service) => service.run(stop.signal)));
  stops.push(async () => {
    stop.abort();
    await running;
  });
};

beforeEach(async () => {
  computed = [];
  logged = [];
  compute = async (question) => answerTo(question, computed.length);
  registry = createMetrics();
  await vi.waitFor(() => expect(redis.status).toBe('ready'), { timeout: 10_000 });
  await redis.flushall();
  for (const stream of ['TIMELINE', 'REALTIME', 'DLQ']) await bus.jsm.streams.purge(stream);
});
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

interface Row {
  id: string;
  status: string;
  cached: boolean;
  attempts: number;
  score: number | null;
  result: LensAnswer | null;
  error_code: string | null;
  correlation_id: string;
}
const row = async (id: string): Promise<Row | undefined> =>
  (await stage.postgres.query<Row>('SELECT * FROM timeline_analyses WHERE id = $1', [id])).rows[0];

const ask = async (change: Partial<RequestFields> = {}, correlationId?: string): Promise<RequestFields> => {
  const { fields, event } = makeRequest(change, correlationId === undefined ? {} : { correlationId });
  await publisher.publish(event);
  return fields;
};

/** Waits until the last word about so many analyses has been published, and nothing is being worked on. */
const published = async (count: number): Promise<Published> => {
  let seen: Published | undefined;
  await vi.waitFor(
    async () => {
      const { num_ack_pending, num_pending } = await bus.jsm.consumers.info('TIMELINE', 'timeline-processor');
      expect([num_ack_pending, num_pending]).toEqual([0, 0]);
      seen = await readPublished(bus);
      expect(seen.toldCompleted.length + seen.toldFailed.length).toBeGreaterThanOrEqual(count);
    },
    { timeout: 20_000, interval: 50 },
  );
  return seen as Published;
};
const ended = async (result: string): Promise<number | undefined> =>
  (await registry.getSingleMetric('skyflow_timeline_analyses_total')?.get())?.values.find(
    ({ labels }) => labels['result'] === result,
  )?.value;

describe('a request', () => {
  test('is computed, stored and announced under its own ids', async () => {
    run();
    const correlationId = '7f9c2b1e-4a55-4c8e-9a5d-0d3f5a1b2c3d';
    const { analysisId } = await ask({ tier: 'jet' }, correlationId);
    const { completed, toldCompleted, failed, dead } = await published(1);
    const stored = await row(analysisId);
    expect(stored).toMatchObject({
      status: 'completed',
      cached: false,
      attempts: 1,
      score: 7.5,
      correlation_id: correlationId,
    });
    expect(stored?.result).toEqual(answerTo(computed[0] as LensQuestion, 1));
    expect(completed).toMatchObject([
      {
        base: { eventId: analysisId, correlationId, aggregateId: analysisId, eventType: 'events.timeline.completed' },
        analysisId,
        userId: 'did:plc:asker',
        subjectDid: 'did:plc:subject',
        type: 'clout',
        window: '48h',
        audience: 'following',
        tier: 'jet',
        cached: false,
        score: 7.5,
      },
    ]);
    expect(toldCompleted).toMatchObject([
      {
        base: { eventId: derivedEventId(analysisId, 'events.realtime.analysis_completed'), correlationId },
        userId: 'did:plc:asker',
        name: 'analysis_completed',
        data: {
          analysis_id: analysisId,
          type: 'clout',
          window: '48h',
          audience: 'following',
          subject_did: 'did:plc:subject',
          score: 7.5,
          cached: false,
          correlation_id: correlationId,
        },
      },
    ]);
    expect([failed, dead]).toEqual([[], []]);
    const line = logged.find((each) => each.includes('an analysis has ended'));
    expect(JSON.parse(line ?? '{}')).toMatchObject({ correlation_id: correlationId, analysis_id: analysisId });
  });

  test('for what is in the cache is announced as well', async () => {
    run();
    const first = await ask();
    await published(1);
    const second = await ask({ userId: 'did:plc:another' });
    const { completed } = await published(2);
    expect(computed).toHaveLength(1);
    expect(await row(second.analysisId)).toMatchObject({ status: 'completed', cached: true, score: 7.5 });
    expect(completed.map(({ analysisId, cached }) => [analysisId, cached])).toEqual([
      [first.analysisId, false],
      [second.analysisId, true],
    ]);
  });

  test('asked fifty times at once is computed once, and each is answered', async () => {
    compute = async (question) => {
      // Until others wait for it, in this process and in the other.
      await vi.waitFor(async () =>
        expect((await bus.jsm.consumers.info('TIMELINE', 'timeline-processor')).num_ack_pending).toBeGreaterThan(20),
      );
      return answerTo(question, 1);
    };
    const asked = await Promise.all(Array.from({ length: 50 }, (_, index) => ask({ userId: `did:plc:u${index}` })));
    run();
    run({ registry: createMetrics() });
    const { completed, toldCompleted } = await published(50);
    expect(computed).toHaveLength(1);
    const all = asked.map(({ analysisId }) => analysisId).toSorted();
    expect(completed.map(({ analysisId }) => analysisId).toSorted()).toEqual(all);
    expect(completed.filter(({ cached }) => !cached)).toHaveLength(1);
    expect(new Set(toldCompleted.map(({ userId }) => userId)).size).toBe(50);
    for (const id of all) expect((await row(id))?.status).toBe('completed');
  });

  test('that was answered before is announced again under the same ids, and computed no more', async () => {
    run();
    const { analysisId } = await ask();
    const [first] = (await published(1)).completed;
    for (const stream of ['TIMELINE', 'REALTIME']) await bus.jsm.streams.purge(stream);
    await redis.flushall();
    // As after a crash before the acknowledgement, but later than the stream knows duplicates.
    const { duplicate_window } = (await bus.jsm.streams.info('TIMELINE')).config;
    await bus.jsm.streams.update('TIMELINE', { duplicate_window: 100_000_000 });
    await bus.jsm.streams.update('REALTIME', { duplicate_window: 100_000_000 });
    await systemClock.sleep(400);
    await ask({ analysisId }, first?.base?.correlationId);
    const again = await published(1);
    await bus.jsm.streams.update('TIMELINE', { duplicate_window });
    await bus.jsm.streams.update('REALTIME', { duplicate_window: 10_000_000_000 });
    expect(again.completed.map(({ base }) => base?.eventId)).toEqual([analysisId]);
    expect(again.completed[0]?.durationMs).toBe(first?.durationMs);
    expect(again.completed[0]?.base?.timestamp).toEqual(first?.base?.timestamp);
    expect(computed).toHaveLength(1);
  });
});

/** One word of failure each, everywhere. */
const expectFailed = async (fields: RequestFields, code: string, attempts: number): Promise<void> => {
  const { completed, failed, toldCompleted, toldFailed, dead } = await published(1);
  expect([completed, toldCompleted]).toEqual([[], []]);
  const { analysisId } = fields;
  expect(failed).toMatchObject([{ analysisId, errorCode: code, attempts, tier: fields.tier }]);
  expect(toldFailed).toMatchObject([
    { name: 'analysis_failed', userId: fields.userId, data: { analysis_id: analysisId, error: code } },
  ]);
  expect(dead).toMatchObject([{ analysisId }]);
  expect(await row(analysisId)).toMatchObject({ status: 'failed', error_code: code, attempts, result: null });
  expect(await ended('failed')).toBe(1);
};

describe('a request that cannot be answered', () => {
  test('is tried three times, then has failed: once, for everybody, and without the reason’s details', async () => {
    compute = async () => {
      throw new Error('secret detail');
    };
    run();
    await expectFailed(await ask(), 'internal', 3);
    expect(computed).toHaveLength(3);
    const { toldFailed, failed } = await readPublished(bus);
    const told = JSON.stringify([toldFailed[0]?.data, failed[0]?.errorMessage]);
    expect(told).not.toContain('secret');
    expect(logged.join('')).toContain('secret detail');
  });

  test('may be answered at the second attempt', async () => {
    compute = async (question) => {
      if (computed.length === 1) throw new Error('once');
      return answerTo(question);
    };
    run();
    const { analysisId } = await ask();
    const { completed, failed, dead } = await published(1);
    expect([completed.length, failed, dead]).toEqual([1, [], []]);
    expect(await row(analysisId)).toMatchObject({ status: 'completed', attempts: 2, error_code: null });
  });

  test('within its time is stopped, and has timed out', async () => {
    const signals: AbortSignal[] = [];
    compute = (_, signal) => {
      signals.push(signal);
      return new Promise(() => undefined);
    };
    run({ computeTimeoutMs: 50 });
    await expectFailed(await ask(), 'timed_out', 3);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true, true]);
  });

  test('because it is no question of ours fails at once', async () => {
    run();
    await expectFailed(await ask({ type: 'horoscope' }), 'invalid_request', 1);
    expect(computed).toEqual([]);
  });

  test('nor recorded, because its id is none, is a dead letter and nothing more', async () => {
    run();
    await ask({ analysisId: 'no-uuid' });
    await vi.waitFor(async () => expect((await readPublished(bus)).dead).toHaveLength(1), { timeout: 10_000 });
    expect((await readPublished(bus)).failed).toEqual([]);
  });
});

test('Redis is not needed for an answer', async () => {
  run();
  await stage.redisServer.kill();
  try {
    const { analysisId } = await ask();
    await published(1);
    expect(await row(analysisId)).toMatchObject({ status: 'completed', cached: false });
  } finally {
    await stage.redisServer.start();
  }
});
