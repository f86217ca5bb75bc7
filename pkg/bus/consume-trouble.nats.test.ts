import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { ack, type Death } from '#pkg/bus/consume.ts';
import { ConsumerWorld, type Event, requested, SLOW } from '#pkg/bus/consumer-world.ts';
import { createPublisher } from '#pkg/bus/publish.ts';
import { systemClock } from '#pkg/runtime/clock.ts';
import { findExecutable } from '#pkg/runtime/find-executable.ts';

const installed = findExecutable(['nats-server']) !== undefined;
let world: ConsumerWorld;

/** A promise and its end. */
const gate = () => Promise.withResolvers<void>();

describe.skipIf(!installed)('consume, in trouble', () => {
  beforeAll(async () => {
    world = await ConsumerWorld.open();
  });

  afterAll(() => world.throwaway.close());

  beforeEach(() => world.begin());

  afterEach(() => world.end());

  it('makes a message a dead letter whose process ended at each of three attempts', async () => {
    await world.shortPatience(200);
    await world.publish('a');
    const durable = await world.bus.js.consumers.get('TIMELINE', 'timeline-processor');
    for (const count of [1, 2, 3]) {
      // Taken and never answered, as by a process that dies.
      const taken = await durable.next({ expires: 10_000 });
      expect(taken?.info.deliveryCount).toBe(count);
    }
    const handler = vi.fn(async () => ack);
    const deaths: [string | undefined, Death][] = [];
    world.start({ handler, onDead: async (event, death) => void deaths.push([event?.eventId, death]) });
    await vi.waitFor(async () => expect(await world.deadLetters()).toHaveLength(1), SLOW);
    await vi.waitFor(async () => expect(await world.pending()).toBe(0), SLOW);
    expect(handler).not.toHaveBeenCalled();
    const death = { reason: expect.stringMatching(/^not finished in 3 attempts/), attempts: 3 };
    expect(deaths).toEqual([['event-a', death]]);
  });

  it('takes up what a process left that died, counting its attempt', async () => {
    await world.shortPatience(200);
    await world.publish('a');
    await (await world.bus.js.consumers.get('TIMELINE', 'timeline-processor')).next({ expires: 10_000 });
    const seen: number[] = [];
    world.start({ handler: async ({ attempt }) => (seen.push(attempt), ack) });
    await vi.waitFor(async () => expect(await world.pending()).toBe(0), SLOW);
    expect(seen).toEqual([2]);
  });

  it('goes on when NATS is killed while handlers run, and loses nothing', async () => {
    // A killed server may have forgotten the last answers and then waits for them.
    await world.shortPatience(3_000);
    const ids = Array.from({ length: 40 }, (_, index) => `m${index}`);
    const done = new Set<string>();
    const halfway = gate();
    const again = gate();
    world.start({
      handler: async ({ message }) => {
        if (done.size === 20) {
          halfway.resolve();
          await again.promise;
        }
        done.add(message.analysisId);
        return ack;
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
  });

  it('answers what was finished without a connection once there is one, not when patience of 60 s ends', async () => {
    const taken = gate();
    const open = gate();
    world.start({
      handler: async () => {
        taken.resolve();
        await open.promise;
        return ack;
      },
    });
    await world.publish('a');
    await taken.promise;
    world.throwaway.killServer();
    await vi.waitFor(() => expect(world.bus.downSinceMs).toBeTypeOf('number'), SLOW);
    open.resolve();
    await vi.waitFor(() => expect(world.bus.downSinceMs).toBeUndefined(), SLOW);
    await vi.waitFor(async () => expect(await world.pending()).toBe(0), SLOW);
  });

  it('does not start a message a second time that it is still working on', async () => {
    const calls: string[] = [];
    const open = gate();
    world.start({
      handler: async ({ message }) => {
        calls.push(message.analysisId);
        if (message.analysisId === 'long') await open.promise;
        return ack;
      },
    });
    // The server forgets its patience with us and delivers once more while we are at it.
    await world.shortPatience(100);
    await world.publish('long');
    await vi.waitFor(
      async () =>
        expect((await world.bus.jsm.consumers.info('TIMELINE', 'timeline-processor')).num_redelivered).toBe(1),
      SLOW,
    );
    await world.publish('other');
    await vi.waitFor(() => expect(calls).toContain('other'), SLOW);
    open.resolve();
    await vi.waitFor(async () => expect(await world.pending()).toBe(0), SLOW);
    expect(calls).toEqual(['long', 'other']);
  });

  it('makes its durable anew when somebody deletes it', async () => {
    const seen: string[] = [];
    world.start({ handler: async ({ message }) => (seen.push(message.analysisId), ack) });
    await world.publish('a');
    await vi.waitFor(() => expect(seen).toEqual(['a']), SLOW);
    await world.bus.jsm.consumers.delete('TIMELINE', 'timeline-processor');
    await vi.waitFor(async () => expect(await world.pending()).toBe(0), SLOW);
    await world.publish('b');
    // The first may come again: event-router has not read it yet, so the stream still has it.
    await vi.waitFor(() => expect(seen.at(-1)).toBe('b'), SLOW);
  });

  it('stops asking at a shutdown, lets what runs finish, and leaves the rest', async () => {
    const open = gate();
    const seen: string[] = [];
    const { stop } = world.start({
      concurrency: 2,
      handler: async ({ message }) => {
        seen.push(message.analysisId);
        await open.promise;
        return ack;
      },
    });
    await world.publish('a', 'b', 'c');
    await vi.waitFor(() => expect(seen).toHaveLength(2), SLOW);
    const stopping = stop();
    open.resolve();
    await stopping;
    expect(seen).toEqual(['a', 'b']);
    expect(await world.pending()).toBe(1);
  });

  it('gives back what does not finish at a shutdown: another has it at once', async () => {
    const seen: [string, number][] = [];
    const taken = gate();
    const aborted = gate();
    const { stop } = world.start({
      drainMs: 50,
      handler: async ({ attempt }, { signal }) => {
        seen.push(['first', attempt]);
        taken.resolve();
        await systemClock.sleep(60_000, signal).finally(() => aborted.resolve());
        return ack;
      },
    });
    await world.publish('a');
    await taken.promise;
    await stop();
    await aborted.promise;
    world.start({ handler: async ({ attempt }) => (seen.push(['second', attempt]), ack) });
    // Well below the server's patience of 60 s: it did not have to run out.
    await vi.waitFor(async () => expect(await world.pending()).toBe(0), SLOW);
    expect(seen).toEqual([
      ['first', 1],
      ['second', 2],
    ]);
  });

  it('gives back what does not even notice that it should end', async () => {
    const forever = gate();
    const taken = gate();
    const { stop } = world.start({
      drainMs: 50,
      handler: async () => {
        taken.resolve();
        await forever.promise;
        return ack;
      },
    });
    await world.publish('a');
    await taken.promise;
    await stop();
    const durable = await world.bus.js.consumers.get('TIMELINE', 'timeline-processor');
    expect((await durable.next({ expires: 10_000 }))?.info.deliveryCount).toBe(2);
    forever.resolve();
  });

  it('never has more than its hands full, nor all together more than max_ack_pending', async () => {
    await world.bus.jsm.consumers.update('TIMELINE', 'timeline-processor', { max_ack_pending: 5 });
    let running = 0;
    let most = 0;
    const mostOf = [0, 0];
    const at = [0, 0];
    const done = new Set<string>();
    const handlerOf = (who: 0 | 1) => async (event: Event) => {
      running += 1;
      at[who] = (at[who] ?? 0) + 1;
      most = Math.max(most, running);
      mostOf[who] = Math.max(mostOf[who] ?? 0, at[who] ?? 0);
      await systemClock.sleep(20);
      running -= 1;
      at[who] = (at[who] ?? 0) - 1;
      done.add(event.eventId);
      return ack;
    };
    world.start({ concurrency: 3, handler: handlerOf(0) });
    world.start({ concurrency: 4, handler: handlerOf(1) });
    const publisher = createPublisher(world.bus);
    const events = Array.from({ length: 60 }, (_, index) => requested(`m${index}`));
    await Promise.all(events.map((event) => publisher.publish(event)));
    await vi.waitFor(() => expect(done.size).toBe(60), SLOW);
    expect(most).toBe(5);
    expect(mostOf[0]).toBeLessThanOrEqual(3);
    expect(mostOf[1]).toBeLessThanOrEqual(4);
  });
});
