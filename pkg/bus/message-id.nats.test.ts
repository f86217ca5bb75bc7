import { headers } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { reconcileStreams } from '#pkg/bus/streams.ts';
import { openThrowawayBus, type ThrowawayBus } from '#pkg/bus/throwaway.ts';
import { createLogger } from '#pkg/runtime/log.ts';
import { publishDeadLetter } from './dead-letter.ts';
import type { Delivery } from './delivery.ts';
import { createEvent, EVENTS } from './events.ts';
import { createPublisher } from './publish.ts';
import { findDurable } from './stream-table.ts';

/** What a stream takes once has an id; the server has to find it, whatever else stands in the headers. */
describe('a repeated message', () => {
  let world: ThrowawayBus;
  beforeAll(async () => {
    world = await openThrowawayBus();
    await reconcileStreams(world.bus, createLogger({ level: 'silent' }));
  });
  afterAll(() => world.close());

  const stored = async (stream: string): Promise<number> => (await world.bus.jsm.streams.info(stream)).state.messages;

  test('a dead letter is stored once, though it carries its original’s id along and another reason', async () => {
    const original = headers();
    original.set('Nats-Msg-Id', 'event-a');
    const delivery = {
      subject: 'events.timeline.requested',
      bytes: Buffer.from('x'),
      headers: original,
      streamSequence: 7,
      storedAtNs: '1',
    } as unknown as Delivery;
    const spec = findDurable('timeline-processor');
    for (const reason of ['internal', 'Nats-Msg-Id: dlq-other', 'not finished in 3 attempts']) {
      await publishDeadLetter(world.bus, spec, delivery, { reason, attempts: 3 });
    }
    expect(await stored('DLQ')).toBe(1);
    const letter = await world.bus.jsm.streams.getMessage('DLQ', { seq: 1 });
    expect(letter?.header.get('Skyflow-Original-Nats-Msg-Id')).toBe('event-a');
    await publishDeadLetter(world.bus, spec, { ...delivery, streamSequence: 8 }, { reason: 'internal', attempts: 3 });
    expect(await stored('DLQ')).toBe(2);
  });

  test('an event is stored once, though its correlation id has the name of the header in it', async () => {
    const event = createEvent(
      EVENTS.timelineRequested,
      { eventId: 'once', aggregateId: 'a', correlationId: 'Nats-Msg-Id', nowMs: 0 },
      { analysisId: 'a' },
    );
    const publisher = createPublisher(world.bus);
    expect(await publisher.publish(event)).toEqual({ duplicate: false, sequence: 1 });
    expect(await publisher.publish(event)).toEqual({ duplicate: true, sequence: 1 });
    expect(await stored('TIMELINE')).toBe(1);
  });
});
