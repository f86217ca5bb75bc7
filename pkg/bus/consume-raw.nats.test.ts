import { headers } from '@nats-io/transport-node';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { ack, consumeRaw, type ConsumeRawOptions, dead, type RawMessage, retry } from '#pkg/bus/consume-raw.ts';
import { ConsumerWorld, requested, SLOW } from '#pkg/bus/consumer-world.ts';
import { DEAD_LETTER_HEADERS } from '#pkg/bus/dead-letter.ts';
import { durablePlace } from '#pkg/bus/durable-place.ts';
import { systemClock } from '#pkg/runtime/clock.ts';
import { findExecutable } from '#pkg/runtime/find-executable.ts';
import { createLogger } from '#pkg/runtime/log.ts';

const installed = findExecutable(['nats-server']) !== undefined;
let world: ConsumerWorld;

const start = (options: Pick<ConsumeRawOptions, 'stream' | 'handler' | 'neverDead'>) =>
  world.run(
    consumeRaw({
      bus: world.bus,
      durable: 'event-router',
      clock: systemClock,
      log: createLogger({ level: 'silent' }),
      ...options,
    }),
  );
const pending = async (stream: 'TIMELINE' | 'DLQ') => (await durablePlace(world.bus, 'event-router', stream)).pending;

beforeAll(async () => {
  if (installed) world = await ConsumerWorld.open();
});
afterAll(() => world?.throwaway.close());
beforeEach(() => world?.begin());
afterEach(() => world?.end());

describe.skipIf(!installed)('consumeRaw', () => {
  it('gives any message as it stands in the stream', async () => {
    const seen: RawMessage[] = [];
    start({ stream: 'TIMELINE', handler: async (messages) => (seen.push(...messages), messages.map(() => ack)) });
    const sinceMs = Date.now();
    await world.publish('a');
    const others = headers();
    others.append('Colour', 'red');
    others.append('Colour', 'blue');
    await world.bus.js.publish('events.timeline.unheard_of', Uint8Array.of(0, 255), { headers: others });
    await world.bus.js.publish('events.timeline.requested', '');
    await vi.waitFor(async () => expect(await pending('TIMELINE')).toBe(0), SLOW);
    const [first, second, third] = seen;
    expect(first).toMatchObject({ subject: 'events.timeline.requested', streamSequence: 1, attempt: 1 });
    expect(Buffer.from(first?.bytes ?? []).equals(requested('a').bytes)).toBe(true);
    expect(Object.fromEntries(first?.headers ?? [])).toEqual({
      'Nats-Msg-Id': 'event-a',
      'Skyflow-Correlation-Id': 'cause-a',
    });
    const stored = await world.bus.jsm.streams.getMessage('TIMELINE', { seq: 1 });
    expect(first?.storedAtMs).toBe(stored?.time.getTime());
    expect(first?.storedAtMs).toBeGreaterThanOrEqual(sinceMs - 1_000);
    expect([...(second?.bytes ?? [])]).toEqual([0, 255]);
    expect(Object.fromEntries(second?.headers ?? [])).toEqual({ Colour: 'red' });
    expect([third?.bytes.length, third?.headers.size, third?.streamSequence]).toEqual([0, 0, 3]);
  });

  it('makes a message a dead letter of its durable when the handler says so', async () => {
    start({
      stream: 'TIMELINE',
      handler: async (messages) =>
        messages.map(({ streamSequence }) => (streamSequence === 1 ? dead('not an event') : ack)),
    });
    await world.bus.js.publish('events.timeline.requested', 'nonsense');
    await world.publish('a');
    await vi.waitFor(async () => expect(await pending('TIMELINE')).toBe(0), SLOW);
    const letters = await world.deadLetters();
    expect(letters).toHaveLength(1);
    const [letter] = letters;
    expect([letter?.subject, letter?.string()]).toEqual(['dlq.events.timeline.requested', 'nonsense']);
    const { error, durable, attempts, streamSequence } = DEAD_LETTER_HEADERS;
    expect([error, durable, attempts, streamSequence].map((name) => letter?.header.get(name))).toEqual([
      'not an event',
      'event-router',
      '1',
      '1',
    ]);
  });

  it('never gives up where nothing may die, however often it fails', async () => {
    await world.bus.js.publish('dlq.events.timeline.requested', 'a');
    const attempts: number[] = [];
    start({
      stream: 'DLQ',
      neverDead: true,
      handler: async ([message]) => {
        attempts.push(message?.attempt ?? 0);
        if (attempts.length === 1) throw new Error('broken');
        if (attempts.length === 2) return [dead('an error here')];
        return [attempts.length < 6 ? retry(20, 'not yet') : ack];
      },
    });
    await vi.waitFor(async () => expect(await pending('DLQ')).toBe(0), SLOW);
    expect(attempts).toEqual([1, 2, 3, 3, 3, 3]);
    expect((await world.bus.jsm.streams.info('DLQ')).state.messages).toBe(1);
  });

  it('finds the one that makes a batch throw here, too', async () => {
    await world.publish('a', 'b', 'c');
    const calls: number[][] = [];
    start({
      stream: 'TIMELINE',
      handler: async (messages) => {
        calls.push(messages.map(({ streamSequence }) => streamSequence));
        if (messages.length > 1) throw new Error('one of them');
        return [messages[0]?.streamSequence === 2 ? dead('it') : ack];
      },
    });
    await vi.waitFor(async () => expect(await pending('TIMELINE')).toBe(0), SLOW);
    expect(
      calls
        .filter((call) => call.length === 1)
        .flat()
        .toSorted((a, b) => a - b),
    ).toEqual([1, 2, 3]);
    expect((await world.deadLetters()).map(({ data }) => Buffer.from(data))).toEqual([
      Buffer.from(requested('b').bytes),
    ]);
  });
});

describe.skipIf(!installed)('durablePlace', () => {
  it('tells what is acknowledged, what waits, and when the durable was made', async () => {
    await world.publish('a', 'b', 'c');
    const place = () => durablePlace(world.bus, 'timeline-processor');
    const before = await place();
    expect(before).toMatchObject({ ackFloor: 0, pending: 3 });
    const durable = await world.bus.js.consumers.get('TIMELINE', 'timeline-processor');
    const first = await durable.next();
    // Taken but not answered: it still waits.
    await durable.next();
    await first?.ackAck();
    expect(await place()).toEqual({ life: before.life, ackFloor: 1, pending: 2 });
    await world.begin();
    const anew = await place();
    expect(anew).toMatchObject({ ackFloor: 0, pending: 0 });
    expect(anew.life).not.toBe(before.life);
    await expect(durablePlace(world.bus, 'event-router')).rejects.toThrow(/stands in 5 streams/);
  });
});
