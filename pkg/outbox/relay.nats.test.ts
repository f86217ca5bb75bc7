import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type BusEvent, createEvent, EVENTS } from '#pkg/bus/events.ts';
import { createPublisher, type Publisher } from '#pkg/bus/publish.ts';
import { ensureStream, reconcileStreams } from '#pkg/bus/streams.ts';
import { openThrowawayBus, type ThrowawayBus } from '#pkg/bus/throwaway.ts';
import { systemClock } from '#pkg/runtime/clock.ts';
import { createLogger } from '#pkg/runtime/log.ts';
import { createMetrics } from '#pkg/runtime/metrics.ts';
import { openOutboxStore, type OutboxStore, running } from './outbox-for-tests.ts';
import { gatewayPlace } from './place.ts';
import { OutboxRelay, type RelayOptions } from './relay.ts';
import { insertEvents } from './table.ts';

/** Frames, whose stream is in the server's memory, over a server that is killed. */

const log = createLogger({ level: 'silent' });
let store: OutboxStore;
let server: ThrowawayBus;
beforeAll(async () => {
  [store, server] = await Promise.all([openOutboxStore(), openThrowawayBus()]);
  await reconcileStreams(server.bus, log);
});
afterAll(async () => {
  await server.close();
  await store[Symbol.asyncDispose]();
});
beforeEach(async () => {
  await store.postgres.script('TRUNCATE outbox');
  await server.bus.jsm.streams.purge('REALTIME');
});

const frame = (): BusEvent =>
  createEvent(
    EVENTS.realtimeXpEarned,
    { aggregateId: 'did:plc:a', correlationId: 'c', nowMs: Date.now() },
    { userId: 'did:plc:a', name: 'xp_earned', data: {} },
  );
const place = () => gatewayPlace(server.bus)();
const relayOver = (publisher: Publisher, changes: Pick<RelayOptions, 'place'>) =>
  new OutboxRelay({
    postgres: store.postgres,
    publisher,
    clock: systemClock,
    log,
    registry: createMetrics(),
    ...changes,
  });
const rows = async () => (await store.postgres.query('SELECT 1 FROM outbox')).rows.length;

/** Takes one frame as the gateway does, and says whether it acknowledged it. Undefined: there is none yet. */
async function take(): Promise<string | undefined> {
  const consumer = await server.bus.js.consumers.get('REALTIME', 'realtime-gateway');
  const message = await consumer.next({ expires: 1_000 });
  await message?.ackAck();
  return message?.headers?.get('Nats-Msg-Id');
}
const onBus = async () => (await server.bus.jsm.streams.info('REALTIME')).state.messages;

describe('a frame', () => {
  test('stays in the outbox until the gateway has it', async () => {
    let looks = 0;
    const counted = () => {
      looks += 1;
      return place();
    };
    const relay = relayOver(createPublisher(server.bus), { place: counted });
    const event = frame();
    await insertEvents(store.postgres, [event], Date.now());
    await using _ = running([relay]);
    relay.offer([event]);
    // The first says which life it is, the second that nobody has read the frame, and the third comes after that was dealt with.
    await expect.poll(() => looks, { timeout: 10_000 }).toBeGreaterThan(2);
    expect([await rows(), await onBus()]).toEqual([1, 1]);
    expect(await take()).toBe(event.eventId);
    await expect.poll(rows, { timeout: 10_000 }).toBe(0);
    expect(await onBus(), 'published once').toBe(1);
  });

  test('is done with at once where nobody says what was read', async () => {
    const relay = relayOver(createPublisher(server.bus), {});
    const event = frame();
    await insertEvents(store.postgres, [event], Date.now());
    await using _ = running([relay]);
    relay.offer([event]);
    await expect.poll(rows).toBe(0);
    expect(await take()).toBe(event.eventId);
  });

  test.each([
    ['the gateway makes its stream anew', true],
    ['nobody but the relay makes its stream anew', false],
  ])('that a killed NATS took away arrives after the restart under its own id: %s', async (_, isMadeAnew) => {
    const relay = relayOver(createPublisher(server.bus), { place });
    const event = frame();
    await insertEvents(store.postgres, [event], Date.now());
    await using _running = running([relay]);
    relay.offer([event]);
    await expect.poll(onBus).toBe(1);
    server.killServer();
    await expect.poll(() => server.bus.downSinceMs).toBeDefined();
    await expect.poll(() => server.bus.downSinceMs, { timeout: 20_000 }).toBeUndefined();
    if (isMadeAnew) await ensureStream(server.bus, 'REALTIME');
    await expect.poll(() => take().catch(() => undefined), { timeout: 20_000 }).toBe(event.eventId);
    await expect.poll(rows, { timeout: 10_000 }).toBe(0);
  });

  test('whose relay died after publishing it goes again under its own id', async () => {
    const event = frame();
    await insertEvents(store.postgres, [event], Date.now());
    await createPublisher(server.bus).publish(event);
    expect(await take()).toBe(event.eventId);
    // Its frames are still in the table: the next one cannot know that they were read, until it has asked.
    const relay = relayOver(createPublisher(server.bus), { place });
    await using _ = running([relay]);
    relay.offer([event]);
    await expect.poll(rows, { timeout: 10_000 }).toBe(0);
    expect(await onBus()).toBe(1);
  });
});
