import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { ack, consumeBatch, retry } from '#pkg/bus/consume-batch.ts';
import { ConsumerWorld, type Event, SLOW } from '#pkg/bus/consumer-world.ts';
import { createEvent, EVENTS } from '#pkg/bus/events.ts';
import { createPublisher } from '#pkg/bus/publish.ts';
import { systemClock } from '#pkg/runtime/clock.ts';
import { findExecutable } from '#pkg/runtime/find-executable.ts';
import { createLogger } from '#pkg/runtime/log.ts';

const installed = findExecutable(['nats-server']) !== undefined;
let world: ConsumerWorld;

const gate = () => Promise.withResolvers<void>();
const idsOf = (events: readonly Event[]) => events.map(({ message }) => message.analysisId);
const numbered = (count: number) => Array.from({ length: count }, (_, index) => `m${index}`);
const info = () => world.bus.jsm.consumers.info('TIMELINE', 'timeline-processor');

class AwayError extends Error {}
const isAway = (error: Error) => error instanceof AwayError;

describe.skipIf(!installed)('consumeBatch, in trouble', () => {
  beforeAll(async () => {
    world = await ConsumerWorld.open();
  });

  afterAll(() => world.throwaway.close());

  beforeEach(() => world.begin());

  afterEach(() => world.end());

  it('handles what was delivered before alone, and then the others together', async () => {
    await world.shortPatience(500);
    await world.publish('a', 'b', 'c');
    const durable = await world.bus.js.consumers.get('TIMELINE', 'timeline-processor');
    // Taken and never answered, as by a process that dies.
    for await (const _taken of await durable.fetch({ max_messages: 3, expires: 5_000 }));
    await vi.waitFor(async () => expect((await info()).num_ack_pending).toBe(3), SLOW);
    const calls: string[][] = [];
    const running = { now: 0, most: 0 };
    const taken = gate();
    const open = gate();
    world.startBatch({
      handler: async (events) => {
        running.now += 1;
        running.most = Math.max(running.most, running.now);
        calls.push(events.map(({ message, attempt }) => `${message.analysisId} ${attempt}`));
        taken.resolve();
        await open.promise;
        running.now -= 1;
        return events.map(() => ack);
      },
    });
    await taken.promise;
    await world.publish('d', 'e', 'f');
    await vi.waitFor(async () => expect((await info()).num_ack_pending).toBe(6), SLOW);
    await world.settled();
    open.resolve();
    await vi.waitFor(async () => expect(await world.pending()).toBe(0), SLOW);
    expect(calls).toEqual([['a 2'], ['b 2'], ['c 2'], ['d 1', 'e 1', 'f 1']]);
    expect(running.most).toBe(1);
  });

  it('counts no attempt while a store is away, keeps the messages, and takes as long as it takes', async () => {
    await world.shortPatience(300);
    const calls: [string[], number[]][] = [];
    const sinceMs = Date.now();
    world.startBatch({
      isAway,
      handlerTimeoutMs: 1_000,
      handler: async (events) => {
        calls.push([idsOf(events), events.map(({ attempt }) => attempt)]);
        if (Date.now() - sinceMs < 2_500) throw new AwayError('no connection');
        return events.map(() => ack);
      },
    });
    await world.publish('a', 'b');
    await vi.waitFor(async () => expect(await world.pending()).toBe(0), SLOW);
    expect(calls.length).toBeGreaterThan(2);
    expect(new Set(calls.flatMap(([, attempts]) => attempts))).toEqual(new Set([1]));
    // The server had no reason to deliver anything twice, though its patience is shorter.
    expect((await info()).num_redelivered).toBe(0);
    expect((await info()).delivered.consumer_seq).toBe(2);
    expect(await world.deadLetters()).toEqual([]);
  });

  it('goes on when NATS is killed while batches are handled, and loses nothing', async () => {
    // A killed server may have forgotten the last answers and then waits for them.
    await world.shortPatience(3_000);
    const ids = numbered(150);
    const done = new Set<string>();
    const halfway = gate();
    const again = gate();
    let most = 0;
    world.startBatch({
      maxBatch: 20,
      handler: async (events) => {
        most = Math.max(most, events.length);
        if (done.size >= 60) {
          halfway.resolve();
          await again.promise;
        }
        for (const id of idsOf(events)) done.add(id);
        return events.map(() => ack);
      },
    });
    await world.publish(...ids);
    await halfway.promise;
    world.throwaway.killServer();
    await vi.waitFor(() => expect(world.bus.downSinceMs).toBeTypeOf('number'), SLOW);
    again.resolve();
    await vi.waitFor(() => expect(world.bus.downSinceMs).toBeUndefined(), SLOW);
    await world.publish('after');
    await vi.waitFor(() => expect([...done].toSorted()).toEqual(['after', ...ids].toSorted()), SLOW);
    await vi.waitFor(async () => expect(await world.pending()).toBe(0), SLOW);
    expect(await world.deadLetters()).toEqual([]);
    expect(most).toBeLessThanOrEqual(20);
  });

  it('gives back at a shutdown what does not finish, and what waits behind it: another has it at once', async () => {
    const seen: [string, string[]][] = [];
    const taken = gate();
    const aborted = gate();
    const { stop } = world.startBatch({
      drainMs: 50,
      handler: async (events, { signal }) => {
        seen.push(['first', idsOf(events)]);
        taken.resolve();
        await systemClock.sleep(60_000, signal).finally(() => aborted.resolve());
        return events.map(() => ack);
      },
    });
    await world.publish('a');
    await taken.promise;
    await world.publish('b', 'c');
    await vi.waitFor(async () => expect((await info()).num_ack_pending).toBe(3), SLOW);
    await world.settled();
    await stop();
    await aborted.promise;
    world.startBatch({ handler: async (events) => (seen.push(['second', idsOf(events)]), events.map(() => ack)) });
    // Well below the server's patience of 60 s: it did not have to run out.
    await vi.waitFor(async () => expect(await world.pending()).toBe(0), SLOW);
    expect(seen[0]).toEqual(['first', ['a']]);
    expect(new Set(seen.slice(1).map(String))).toEqual(new Set(['second,a', 'second,b', 'second,c']));
  });

  it('finishes at a shutdown what it has', async () => {
    const open = gate();
    const taken = gate();
    const seen: string[] = [];
    const { stop } = world.startBatch({
      handler: async (events) => {
        taken.resolve();
        await open.promise;
        seen.push(...idsOf(events));
        return events.map(() => ack);
      },
    });
    await world.publish('a');
    await taken.promise;
    const stopping = stop();
    open.resolve();
    await stopping;
    expect([seen, await world.pending()]).toEqual([['a'], 0]);
  });

  it('does not wait for a store at a shutdown', async () => {
    const called = gate();
    const { stop } = world.startBatch({
      isAway,
      drainMs: 50,
      handler: async () => {
        called.resolve();
        throw new AwayError('no connection');
      },
    });
    await world.publish('a', 'b');
    await called.promise;
    await stop();
    const seen: string[] = [];
    world.startBatch({ handler: async (events) => (seen.push(...idsOf(events)), events.map(() => ack)) });
    await vi.waitFor(async () => expect(await world.pending()).toBe(0), SLOW);
    expect(seen.toSorted()).toEqual(['a', 'b']);
  });

  it('forgets what a stream in memory forgot, and does not answer for its numbers when they are other messages', async () => {
    const frame = (eventId: string) =>
      createEvent(
        EVENTS.realtimeXpEarned,
        { eventId, aggregateId: 'u', correlationId: 'c', nowMs: 0 },
        { userId: 'u', name: 'xp_earned' },
      );
    const seen: [string, number][] = [];
    const taken = gate();
    const open = gate();
    world.run(
      consumeBatch({
        bus: world.bus,
        durable: 'realtime-gateway',
        event: EVENTS.realtimeXpEarned,
        handler: async (events) => {
          seen.push(...events.map(({ eventId, attempt }): [string, number] => [eventId, attempt]));
          if (events[0]?.eventId === 'new' && events[0].attempt === 1) return [retry(10, 'so that it must come again')];
          taken.resolve();
          await open.promise;
          return events.map(() => ack);
        },
        clock: systemClock,
        log: createLogger({ level: 'silent' }),
      }),
    );
    const publisher = createPublisher(world.bus);
    expect((await publisher.publish(frame('old'))).sequence).toBe(1);
    await taken.promise;
    await publisher.publish(frame('waiting'));
    const gateway = () => world.bus.jsm.consumers.info('REALTIME', 'realtime-gateway');
    await vi.waitFor(async () => expect((await gateway()).num_ack_pending).toBe(2), SLOW);
    await world.settled();
    world.throwaway.killServer();
    await vi.waitFor(() => expect(world.bus.downSinceMs).toBeTypeOf('number'), SLOW);
    expect((await publisher.publish(frame('new'))).sequence).toBe(1);
    await vi.waitFor(async () => expect((await gateway()).num_ack_pending).toBe(1), SLOW);
    await world.settled();
    open.resolve();
    await vi.waitFor(async () => expect((await gateway()).ack_floor.stream_seq).toBe(1), SLOW);
    await vi.waitFor(
      () =>
        expect(seen).toEqual([
          ['old', 1],
          ['new', 1],
          ['new', 2],
        ]),
      SLOW,
    );
  });
});
