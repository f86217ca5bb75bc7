import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { ack, consume, dead, type Death, retry } from '#pkg/bus/consume.ts';
import { ConsumerWorld, type Event, requested, SLOW } from '#pkg/bus/consumer-world.ts';
import { createEvent, EVENTS } from '#pkg/bus/events.ts';
import { createPublisher } from '#pkg/bus/publish.ts';
import { systemClock } from '#pkg/runtime/clock.ts';
import { findExecutable } from '#pkg/runtime/find-executable.ts';
import { createLogger } from '#pkg/runtime/log.ts';
import { createMetrics } from '#pkg/runtime/metrics.ts';

const log = createLogger({ level: 'silent' });
const installed = findExecutable(['nats-server']) !== undefined;
let world: ConsumerWorld;

describe.skipIf(!installed)('consume', () => {
  beforeAll(async () => {
    world = await ConsumerWorld.open();
  });

  afterAll(() => world.throwaway.close());

  beforeEach(async () => {
    await world.begin();
  });

  afterEach(() => world.end());

  it('gives the handler the envelope, the message and where it stands, and acknowledges', async () => {
    const seen: Event[] = [];
    world.start({ handler: async (event) => (seen.push(event), ack) });
    await world.publish('a');
    await vi.waitFor(async () => expect(await world.pending()).toBe(0), SLOW);
    expect(seen).toMatchObject([
      {
        eventId: 'event-a',
        subject: 'events.timeline.requested',
        aggregateId: 'a',
        aggregateType: 'analysis',
        correlationId: 'cause-a',
        causationId: '',
        timestampMs: 1_700_000_000_000,
        version: 1,
        attempt: 1,
        streamSequence: 1,
        message: { analysisId: 'a', type: 'flow', window: '48h' },
      },
    ]);
  });

  it('writes the ids on every line that a handler logs', async () => {
    const lines: string[] = [];
    const loud = createLogger({ level: 'info', write: (line) => void lines.push(line) });
    world.start({ log: loud, handler: async (_event, context) => (context.log.info('at work'), ack) });
    await world.publish('a');
    await vi.waitFor(async () => expect(await world.pending()).toBe(0), SLOW);
    const line = lines.map((text) => JSON.parse(text) as object).find((fields) => 'event_id' in fields);
    expect(line).toMatchObject({ correlation_id: 'cause-a', event_id: 'event-a', attempt: 1, msg: 'at work' });
  });

  it('retries after the pause asked for, at most three times, then lets it be a dead letter', async () => {
    const attempts: [number, number][] = [];
    const deaths: [string | undefined, Death][] = [];
    world.start({
      handler: async ({ attempt }) => (attempts.push([attempt, Date.now()]), retry(150, `no luck ${attempt}`)),
      onDead: async (event, death) => void deaths.push([event?.eventId, death]),
    });
    await world.publish('a');
    await vi.waitFor(async () => expect(await world.deadLetters()).toHaveLength(1), SLOW);
    await vi.waitFor(async () => expect(await world.pending()).toBe(0), SLOW);
    expect(attempts.map(([attempt]) => attempt)).toEqual([1, 2, 3]);
    const times = attempts.map(([, time]) => time);
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(140);
    expect(deaths).toEqual([['event-a', { reason: 'no luck 3', attempts: 3 }]]);
  });

  it('retries what throws', async () => {
    const seen: number[] = [];
    world.start({
      handler: async ({ attempt }) => {
        seen.push(attempt);
        if (attempt === 1) throw new Error('broken');
        return ack;
      },
    });
    await world.publish('a');
    await vi.waitFor(async () => expect(await world.pending()).toBe(0), SLOW);
    expect(seen).toEqual([1, 2]);
  });

  it('keeps the original bytes and headers in the dead letter, at once where the handler says so', async () => {
    const seen: number[] = [];
    world.start({ handler: async ({ attempt }) => (seen.push(attempt), dead('never\nwill')) });
    const event = requested('a');
    await createPublisher(world.bus).publish(event);
    await vi.waitFor(async () => expect(await world.pending()).toBe(0), SLOW);
    const [letter] = await world.deadLetters();
    expect(seen).toEqual([1]);
    expect(letter?.subject).toBe('dlq.events.timeline.requested');
    expect(Buffer.from(letter?.data ?? []).equals(event.bytes)).toBe(true);
    const headers = Object.fromEntries(letter?.header ?? []);
    expect(headers).toEqual({
      'Nats-Msg-Id': ['dlq-TIMELINE-timeline-processor-1'],
      'Skyflow-Attempts': ['1'],
      'Skyflow-Correlation-Id': ['cause-a'],
      'Skyflow-Durable': ['timeline-processor'],
      'Skyflow-Error': ['never will'],
      'Skyflow-Original-Nats-Msg-Id': ['event-a'],
      'Skyflow-Stream-Sequence': ['1'],
    });
  });

  it.each([
    ['bytes that are no message', 'events.timeline.requested', '\u0007nonsense', /^undecodable: /],
    ['nothing', 'events.timeline.requested', '', /^undecodable: the message has no envelope/],
    [
      'another event under this subject',
      'events.timeline.requested',
      'failed',
      /its envelope says "events.timeline.fa/,
    ],
  ])('makes %s a dead letter without calling the handler', async (_name, subject, text, reason) => {
    const deaths: [unknown, Death][] = [];
    const handler = vi.fn(async () => ack);
    world.start({ handler, onDead: async (event, death) => void deaths.push([event, death]) });
    const other = createEvent(EVENTS.timelineFailed, { aggregateId: 'a', correlationId: 'c', nowMs: 0 }, {});
    await world.bus.js.publish(subject, text === 'failed' ? other.bytes : text);
    await vi.waitFor(async () => expect(await world.pending()).toBe(0), SLOW);
    expect(handler).not.toHaveBeenCalled();
    expect(deaths).toEqual([[undefined, { reason: expect.stringMatching(reason), attempts: 1 }]]);
    expect((await world.deadLetters())[0]?.header.get('Skyflow-Error')).toMatch(reason);
  });

  it('makes an event of no known type a dead letter, and passes over known ones that it does not handle', async () => {
    const seen: string[] = [];
    const controller = new AbortController();
    const service = consume({
      bus: world.bus,
      durable: 'event-router',
      stream: 'TIMELINE',
      event: [EVENTS.timelineRequested, EVENTS.timelineFailed],
      concurrency: 1,
      handler: async (event) => (seen.push(event.subject), ack),
      clock: systemClock,
      log,
    });
    const run = service.run(controller.signal);
    const done = { aggregateId: 'a', correlationId: 'c', nowMs: 0 };
    const publisher = createPublisher(world.bus);
    await publisher.publish(createEvent(EVENTS.timelineCompleted, done, {}));
    await world.bus.js.publish('events.timeline.exploded', 'x');
    await publisher.publish(createEvent(EVENTS.timelineFailed, done, { attempts: 3 }));
    await world.publish('a');
    await vi.waitFor(async () => expect(await world.pending('event-router')).toBe(0), SLOW);
    controller.abort();
    await run;
    expect(seen).toEqual(['events.timeline.failed', 'events.timeline.requested']);
    const letters = await world.deadLetters();
    expect(letters.map(({ subject, header }) => [subject, header.get('Skyflow-Error')])).toEqual([
      ['dlq.events.timeline.exploded', 'unknown event type'],
    ]);
  });

  it('does not give a message up while telling of its death fails', async () => {
    const handler = vi.fn(async () => dead('no'));
    let told = 0;
    world.start({
      handler,
      onDead: async () => {
        told += 1;
        if (told === 1) throw new Error('Postgres is away');
      },
    });
    await world.publish('a');
    await vi.waitFor(async () => expect(await world.pending()).toBe(0), SLOW);
    expect([told, handler.mock.calls.length, (await world.deadLetters()).length]).toEqual([2, 1, 1]);
  });

  it('counts by subject and status, from zero on', async () => {
    const registry = createMetrics();
    world.start({ registry, handler: async ({ message }) => (message.analysisId === 'a' ? ack : dead('no')) });
    const counted = async () => {
      const metric = await registry.getSingleMetric('events_processed_total')?.get();
      return Object.fromEntries(
        (metric?.values ?? []).map(({ labels, value }) => [Object.values(labels).join(' '), value]),
      );
    };
    const zero = { 'other success': 0, 'other failed': 0, 'other dlq': 0 };
    const none = { 'events.timeline.requested failed': 0, ...zero };
    expect(await counted()).toEqual({
      'events.timeline.requested success': 0,
      'events.timeline.requested dlq': 0,
      ...none,
    });
    await world.publish('a', 'b');
    await vi.waitFor(async () => expect(await world.pending()).toBe(0), SLOW);
    await vi.waitFor(
      async () =>
        expect(await counted()).toEqual({
          'events.timeline.requested success': 1,
          'events.timeline.requested dlq': 1,
          ...none,
        }),
      SLOW,
    );
    expect(await registry.metrics()).toContain(
      'events_processing_duration_seconds_count{subject="events.timeline.requested"} 2',
    );
  });

  it('refuses an event that its durable never gets', () => {
    const handler = async () => ack;
    const options = { bus: world.bus, concurrency: 1, handler, clock: systemClock, log };
    expect(() => consume({ ...options, durable: 'timeline-processor', event: EVENTS.xpEarned })).toThrow(
      'timeline-processor never gets events.xp.earned',
    );
    expect(() => consume({ ...options, durable: 'event-router', event: EVENTS.xpEarned })).toThrow(
      /stands in 5 streams/,
    );
  });

  it('keeps a message that takes longer than the patience of the server', async () => {
    await world.shortPatience(300);
    const seen: number[] = [];
    const handler = async ({ attempt }: Event) => {
      seen.push(attempt);
      await systemClock.sleep(1_500);
      return ack;
    };
    world.start({ handler });
    world.start({ handler });
    await world.publish('a');
    await vi.waitFor(() => expect(seen).toHaveLength(1), SLOW);
    await vi.waitFor(async () => expect(await world.pending()).toBe(0), SLOW);
    expect(seen).toEqual([1]);
  });

  it('aborts a handler that takes too long, and counts that as an attempt', async () => {
    const seen: number[] = [];
    world.start({
      handlerTimeoutMs: 100,
      handler: async ({ attempt }, { signal }) => {
        seen.push(attempt);
        if (attempt === 1) await systemClock.sleep(60_000, signal);
        return ack;
      },
    });
    await world.publish('a');
    await vi.waitFor(async () => expect(await world.pending()).toBe(0), SLOW);
    expect(seen).toEqual([1, 2]);
  });
});
