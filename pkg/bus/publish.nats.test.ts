import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { ack, consume } from '#pkg/bus/consume.ts';
import { ConsumerWorld, requested, SLOW } from '#pkg/bus/consumer-world.ts';
import { createEvent, EVENTS } from '#pkg/bus/events.ts';
import { createPublisher, type Publisher, publishRaw } from '#pkg/bus/publish.ts';
import { systemClock } from '#pkg/runtime/clock.ts';
import { findExecutable } from '#pkg/runtime/find-executable.ts';
import { createLogger } from '#pkg/runtime/log.ts';

const installed = findExecutable(['nats-server']) !== undefined;
let world: ConsumerWorld;
let publisher: Publisher;

describe.skipIf(!installed)('a publisher', () => {
  beforeAll(async () => {
    world = await ConsumerWorld.open();
    publisher = createPublisher(world.bus);
  });

  afterAll(() => world.throwaway.close());

  beforeEach(() => world.begin());

  const frame = () =>
    createEvent(EVENTS.realtimeXpEarned, { aggregateId: 'u', correlationId: 'c', nowMs: 0 }, { userId: 'u' });

  it('sends the bytes with the event id as the message id and the cause as a header', async () => {
    const event = requested('a');
    expect(await publisher.publish(event)).toEqual({ duplicate: false, sequence: 1 });
    const stored = await world.bus.jsm.streams.getMessage('TIMELINE', { seq: 1 });
    expect(stored?.subject).toBe('events.timeline.requested');
    expect(Buffer.from(stored?.data ?? []).equals(event.bytes)).toBe(true);
    expect(Object.fromEntries(stored?.header ?? [])).toEqual({
      'Nats-Msg-Id': ['event-a'],
      'Skyflow-Correlation-Id': ['cause-a'],
    });
  });

  it('says when the stream has the event already, and stores it once', async () => {
    const event = requested('a');
    expect(await publisher.publish(event)).toEqual({ duplicate: false, sequence: 1 });
    expect(await publisher.publish(requested('b'))).toEqual({ duplicate: false, sequence: 2 });
    const known = { duplicate: true, sequence: 1 };
    expect(await publisher.publish(event)).toEqual(known);
    expect(await createPublisher(await world.throwaway.connect()).publish(event)).toEqual(known);
    expect((await world.bus.jsm.streams.info('TIMELINE')).state.messages).toBe(2);
  });

  it('recognises an event also when NATS was killed in between', async () => {
    await publisher.publish(requested('a'));
    world.throwaway.killServer();
    await vi.waitFor(() => expect(world.bus.downSinceMs).toBeTypeOf('number'), SLOW);
    // Waits for the server to be back.
    expect(await publisher.publish(requested('a'))).toEqual({ duplicate: true, sequence: 1 });
  });

  it('makes the stream in memory anew that a restart of NATS took away', async () => {
    await publisher.publish(frame());
    world.throwaway.killServer();
    await vi.waitFor(() => expect(world.bus.downSinceMs).toBeTypeOf('number'), SLOW);
    expect(await publisher.publish(frame())).toEqual({ duplicate: false, sequence: 1 });
    expect((await world.bus.jsm.streams.info('REALTIME')).state.messages).toBe(1);
    await expect(world.bus.jsm.consumers.info('REALTIME', 'realtime-gateway')).resolves.toBeDefined();
  });

  it('reaches a consumer also after that restart', async () => {
    const seen: string[] = [];
    const controller = new AbortController();
    const service = consume({
      bus: world.bus,
      durable: 'realtime-gateway',
      event: [EVENTS.realtimeXpEarned, EVENTS.realtimeAnalysisCompleted],
      concurrency: 10,
      handler: async (event) => (seen.push(event.eventId), ack),
      clock: systemClock,
      log: createLogger({ level: 'silent' }),
    });
    const run = service.run(controller.signal);
    const before = frame();
    await publisher.publish(before);
    await vi.waitFor(() => expect(seen).toEqual([before.eventId]), SLOW);
    world.throwaway.killServer();
    await vi.waitFor(() => expect(world.bus.downSinceMs).toBeTypeOf('number'), SLOW);
    const after = frame();
    await publisher.publish(after);
    await vi.waitFor(() => expect(seen).toEqual([before.eventId, after.eventId]), SLOW);
    controller.abort();
    await run;
  });

  it('rejects when nobody acknowledges in time, and when told to stop', async () => {
    const stop = await world.throwaway.pauseServer();
    const controller = new AbortController();
    const told = publisher.publish(requested('b'), controller.signal).catch((error: unknown) => error);
    const late = publisher.publish(requested('c')).catch((error: unknown) => error);
    controller.abort();
    expect(await told).toMatchObject({ name: 'AbortError' });
    expect(await late).toMatchObject({ message: expect.stringMatching(/within 5000 ms/) });
    stop();
    expect(await publisher.publish(requested('d'))).toMatchObject({ duplicate: false });
  });

  it('sends bytes as they are, under the id and with the headers that it is given', async () => {
    const bytes = Uint8Array.of(0, 255, 7);
    const message = { subject: 'events.timeline.unheard_of', bytes, messageId: 'mine', headers: new Map([['A', 'b']]) };
    expect(await publishRaw(world.bus, message)).toEqual({ duplicate: false, sequence: 1 });
    expect(await publishRaw(world.bus, { ...message, bytes: Uint8Array.of(1) })).toEqual({
      duplicate: true,
      sequence: 1,
    });
    const stored = await world.bus.jsm.streams.getMessage('TIMELINE', { seq: 1 });
    expect(stored?.subject).toBe('events.timeline.unheard_of');
    expect([...(stored?.data ?? [])]).toEqual([0, 255, 7]);
    expect(Object.fromEntries(stored?.header ?? [])).toEqual({ 'Nats-Msg-Id': ['mine'], A: ['b'] });
  });

  it('refuses at once with a signal that aborted before', async () => {
    await expect(publisher.publish(requested('x'), AbortSignal.abort())).rejects.toMatchObject({ name: 'AbortError' });
    expect((await world.bus.jsm.streams.info('TIMELINE')).state.messages).toBe(0);
  });
});
