import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { ack, consumeBatch } from '#pkg/bus/consume-batch.ts';
import { createEvent, EVENTS } from '#pkg/bus/events.ts';
import { createPublisher } from '#pkg/bus/publish.ts';
import { reconcileStreams } from '#pkg/bus/streams.ts';
import { openThrowawayBus, type ThrowawayBus } from '#pkg/bus/throwaway.ts';
import { systemClock } from '#pkg/runtime/clock.ts';
import { createLogger } from '#pkg/runtime/log.ts';
import { createCaughtUp } from './caught-up.ts';
import { SLOW } from './schedule-for-tests.ts';

const log = createLogger({ level: 'silent' });
let throwaway: ThrowawayBus;

beforeAll(async () => {
  throwaway = await openThrowawayBus();
  await reconcileStreams(throwaway.bus, log);
});
afterAll(() => throwaway.close());

test('all is counted when both who count have handled what was there at the first question, and no later event matters', async () => {
  const { bus } = throwaway;
  const publisher = createPublisher(bus);
  const complete = (id: string) =>
    publisher.publish(
      createEvent(EVENTS.timelineCompleted, { aggregateId: id, correlationId: id, nowMs: 1 }, { analysisId: id }),
    );
  const register = (id: string) =>
    publisher.publish(
      createEvent(EVENTS.userRegistered, { aggregateId: id, correlationId: id, nowMs: 1 }, { userId: id }),
    );
  const caughtUp = createCaughtUp(bus);
  expect(await caughtUp(0)).toBe(true);
  await complete('a');
  await register('b');
  expect(await caughtUp(1)).toBe(false);
  // After midnight: nobody waits for it.
  await complete('later');

  const stop = new AbortController();
  const common = { bus, clock: systemClock, log };
  const later = Promise.withResolvers<void>();
  const runs = [
    consumeBatch({
      ...common,
      durable: 'timeline-xp-awarder',
      event: EVENTS.timelineCompleted,
      maxBatch: 1,
      handler: async ([event]) => {
        if (event?.aggregateId === 'later') await later.promise;
        return [ack];
      },
    }).run(stop.signal),
  ];
  try {
    await vi.waitFor(async () => {
      const { num_pending, num_ack_pending } = await bus.jsm.consumers.info('TIMELINE', 'timeline-xp-awarder');
      expect(num_pending + num_ack_pending).toBe(1);
    }, SLOW);
    // The tier of somebody is not known yet.
    expect(await caughtUp(1)).toBe(false);
    runs.push(
      consumeBatch({
        ...common,
        durable: 'user-indexer',
        event: EVENTS.userRegistered,
        handler: async (events) => events.map(() => ack),
      }).run(stop.signal),
    );
    await vi.waitFor(async () => expect(await caughtUp(1)).toBe(true), SLOW);
    expect(await caughtUp(2)).toBe(false);
    expect(await caughtUp(1)).toBe(true);
    later.resolve();
    await vi.waitFor(async () => expect(await caughtUp(2)).toBe(true), SLOW);
  } finally {
    later.resolve();
    stop.abort();
    await Promise.all(runs);
  }
});
