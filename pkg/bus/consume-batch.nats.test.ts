import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { ack, type BatchHandler, consumeBatch, dead, type Death, retry } from '#pkg/bus/consume-batch.ts';
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

type Requested = typeof EVENTS.timelineRequested;
const idsOf = (events: readonly Event[]) => events.map(({ message }) => message.analysisId);
const numbered = (count: number) => Array.from({ length: count }, (_, index) => `m${index}`);
const allAck: BatchHandler<Requested> = async (events) => events.map(() => ack);

/**
 * Publishes `first`, and while the handler is at it `rest`: so that all of `rest` has come when the handler is called next.
 */
async function together(rest: readonly string[], options: Parameters<ConsumerWorld['startBatch']>[0]) {
  const open = Promise.withResolvers<void>();
  const taken = Promise.withResolvers<void>();
  const handler: BatchHandler<Requested> = async (events, context) => {
    if (events[0]?.message.analysisId !== 'first') return options.handler(events, context);
    taken.resolve();
    await open.promise;
    return [ack];
  };
  const running = world.startBatch({ ...options, handler });
  await world.publish('first');
  await taken.promise;
  await world.publish(...rest);
  await vi.waitFor(async () => {
    const info = await world.bus.jsm.consumers.info('TIMELINE', 'timeline-processor');
    expect(info.num_ack_pending).toBe(rest.length + 1);
  }, SLOW);
  await world.settled();
  open.resolve();
  return running;
}

describe.skipIf(!installed)('consumeBatch', () => {
  beforeAll(async () => {
    world = await ConsumerWorld.open();
  });

  afterAll(() => world.throwaway.close());

  beforeEach(() => world.begin());

  afterEach(() => world.end());

  it('gives the handler all that came while it was busy, at once and in order, and acknowledges', async () => {
    const calls: Event[][] = [];
    const ids = numbered(60);
    await together(ids, { handler: async (events) => (calls.push([...events]), events.map(() => ack)) });
    await vi.waitFor(async () => expect(await world.pending()).toBe(0), SLOW);
    expect(calls.map(idsOf)).toEqual([ids]);
    expect(calls[0]?.[1]).toMatchObject({
      eventId: 'event-m1',
      subject: 'events.timeline.requested',
      correlationId: 'cause-m1',
      attempt: 1,
      streamSequence: 3,
      message: { analysisId: 'm1', type: 'flow' },
    });
  });

  it('never gives more at once than it may', async () => {
    const calls: string[][] = [];
    const ids = numbered(25);
    await together(ids, {
      maxBatch: 10,
      handler: async (events) => (calls.push(idsOf(events)), events.map(() => ack)),
    });
    await vi.waitFor(async () => expect(await world.pending()).toBe(0), SLOW);
    expect(calls).toEqual([ids.slice(0, 10), ids.slice(10, 20), ids.slice(20)]);
  });

  it('takes many events through, each once and in order', async () => {
    const seen: string[] = [];
    world.startBatch({ handler: async (events) => (seen.push(...idsOf(events)), events.map(() => ack)) });
    const publisher = createPublisher(world.bus);
    const ids = numbered(1_000);
    await Promise.all(ids.map((id) => publisher.publish(requested(id))));
    await vi.waitFor(() => expect(seen).toHaveLength(1_000), SLOW);
    await vi.waitFor(async () => expect(await world.pending()).toBe(0), SLOW);
    expect(seen).toEqual(ids);
  });

  it('answers each event as the handler says', async () => {
    const seen: [string, number][] = [];
    const deaths: [string | undefined, Death][] = [];
    await together(['a', 'b', 'c', 'd'], {
      handler: async (events) => {
        for (const { message, attempt } of events) seen.push([message.analysisId, attempt]);
        return events.map(({ message, attempt }) => {
          if (message.analysisId === 'b' && attempt === 1) return retry(50, 'not yet');
          return message.analysisId === 'c' ? dead('never') : ack;
        });
      },
      onDead: async (event, death) => void deaths.push([event?.eventId, death]),
    });
    await vi.waitFor(async () => expect(await world.pending()).toBe(0), SLOW);
    expect(seen).toEqual([...['a', 'b', 'c', 'd'].map((id) => [id, 1]), ['b', 2]]);
    expect(deaths).toEqual([['event-c', { reason: 'never', attempts: 1 }]]);
    expect((await world.deadLetters()).map(({ header }) => header.get('Skyflow-Error'))).toEqual(['never']);
  });

  it('finds the one that makes a batch throw: three attempts, then a dead letter; the others are done once', async () => {
    const calls: string[][] = [];
    const done: string[] = [];
    const ids = ['a', 'b', 'bad', 'c', 'd'];
    await together(ids, {
      handler: async (events) => {
        calls.push(events.map(({ message, attempt }) => `${message.analysisId} ${attempt}`));
        // Only so that the test need not wait for the longer pause.
        if (events.length === 1 && events[0]?.message.analysisId === 'bad' && events[0].attempt === 2) {
          return [retry(50, 'again')];
        }
        if (idsOf(events).includes('bad')) throw new Error('cannot stand it');
        done.push(...idsOf(events));
        return events.map(() => ack);
      },
    });
    await vi.waitFor(async () => expect(await world.deadLetters()).toHaveLength(1), SLOW);
    await vi.waitFor(async () => expect(await world.pending()).toBe(0), SLOW);
    const alone = ids.map((id) => [`${id} 1`]);
    expect(calls).toEqual([ids.map((id) => `${id} 1`), ...alone, ['bad 2'], ['bad 3']]);
    expect(done).toEqual(['a', 'b', 'c', 'd']);
    const [letter] = await world.deadLetters();
    expect(Buffer.from(letter?.data ?? []).equals(requested('bad').bytes)).toBe(true);
    expect(letter?.header.get('Skyflow-Error')).toBe('cannot stand it');
    expect(letter?.header.get('Skyflow-Attempts')).toBe('3');
  });

  it('takes an answer that is not one for each event for a failure', async () => {
    const sizes: number[] = [];
    await together(['a', 'b'], {
      handler: async (events) => {
        sizes.push(events.length);
        return [ack];
      },
    });
    await vi.waitFor(async () => expect(await world.pending()).toBe(0), SLOW);
    expect(sizes).toEqual([2, 1, 1]);
  });

  it('aborts a call that takes too long, and tries one by one', async () => {
    const sizes: number[] = [];
    await together(['a', 'b'], {
      handlerTimeoutMs: 200,
      handler: async (events, { signal }) => {
        sizes.push(events.length);
        if (events.length > 1) await systemClock.sleep(60_000, signal);
        return events.map(() => ack);
      },
    });
    await vi.waitFor(async () => expect(await world.pending()).toBe(0), SLOW);
    // The first one, which `together` holds back, took too long as well: it is alone again.
    expect(sizes.filter((size) => size > 1)).toEqual([2]);
    expect(await world.deadLetters()).toEqual([]);
  });

  it('makes dead letters of what it cannot know, with the reason, and passes over what it did not ask for', async () => {
    const seen: string[] = [];
    world.run(
      consumeBatch({
        bus: world.bus,
        durable: 'event-router',
        stream: 'TIMELINE',
        event: [EVENTS.timelineRequested, EVENTS.timelineFailed],
        handler: async (events) => (seen.push(...events.map(({ subject }) => subject)), events.map(() => ack)),
        clock: systemClock,
        log,
      }),
    );
    const envelope = { aggregateId: 'a', correlationId: 'c', nowMs: 0 };
    const publisher = createPublisher(world.bus);
    const { js } = world.bus;
    await publisher.publish(createEvent(EVENTS.timelineCompleted, envelope, {}));
    await js.publish('events.timeline.exploded', 'x');
    await js.publish('events.timeline.failed', '\u0007nonsense');
    // An envelope with an id, a type and version 2.
    const inner = [10, 1, 101, 18, 22, ...Buffer.from('events.timeline.failed'), 48, 2];
    await js.publish('events.timeline.failed', Uint8Array.of(10, inner.length, ...inner));
    await publisher.publish(createEvent(EVENTS.timelineFailed, envelope, { attempts: 3 }));
    await world.publish('a');
    await vi.waitFor(async () => expect(await world.pending('event-router')).toBe(0), SLOW);
    expect(seen).toEqual(['events.timeline.failed', 'events.timeline.requested']);
    const letters = await world.deadLetters();
    expect(letters.map(({ subject, header }) => [subject, header.get('Skyflow-Error')])).toEqual([
      ['dlq.events.timeline.exploded', 'unknown event type'],
      ['dlq.events.timeline.failed', expect.stringMatching(/^undecodable: /)],
      ['dlq.events.timeline.failed', 'undecodable: version 2 is newer than this program knows'],
    ]);
  });

  it('does not give a message up while telling of its death fails', async () => {
    const handler = vi.fn<BatchHandler<Requested>>(async (events) => events.map(() => dead('no')));
    let told = 0;
    world.startBatch({
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

  it('counts each event by subject and status', async () => {
    const registry = createMetrics();
    world.startBatch({
      registry,
      handler: async (events) => events.map(({ message }) => (message.analysisId === 'a' ? dead('no') : ack)),
    });
    await world.publish('a', 'b', 'c');
    await vi.waitFor(async () => expect(await world.pending()).toBe(0), SLOW);
    const shown = async (status: string) => {
      const line = `events_processed_total{subject="events.timeline.requested",status="${status}"}`;
      return (await registry.metrics())
        .split('\n')
        .find((text) => text.startsWith(line))
        ?.slice(line.length + 1);
    };
    await vi.waitFor(async () => expect([await shown('success'), await shown('dlq')]).toEqual(['2', '1']), SLOW);
  });

  it('refuses an event that its durable never gets', () => {
    const options = { bus: world.bus, handler: allAck as never, clock: systemClock, log };
    expect(() => consumeBatch({ ...options, durable: 'timeline-processor', event: EVENTS.xpEarned })).toThrow(
      'timeline-processor never gets events.xp.earned',
    );
  });
});
