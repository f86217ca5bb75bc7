import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { BusEvent } from '#pkg/bus/events.ts';
import type { Publisher } from '#pkg/bus/publish.ts';
import type { Postgres } from '#pkg/postgres/client.ts';
import { type Clock, ManualClock, systemClock } from '#pkg/runtime/clock.ts';
import { createLogger } from '#pkg/runtime/log.ts';
import { createMetrics } from '#pkg/runtime/metrics.ts';
import type { Place } from './held.ts';
import { openOutboxStore, type OutboxStore, running } from './outbox-for-tests.ts';
import { OutboxRelay, type RelayOptions } from './relay.ts';
import { CLAIM_MS, insertEvents } from './table.ts';

/** The relay over a real Postgres and a bus that does what the test says. */

const log = createLogger({ level: 'silent' });
let store: OutboxStore;
beforeAll(async () => {
  store = await openOutboxStore();
});
afterAll(() => store[Symbol.asyncDispose]());
beforeEach(() => store.postgres.script('TRUNCATE outbox'));

const EARNED = 'events.xp.earned';
const FRAME = 'events.realtime.xp_earned';
const some = (count: number, subject = EARNED): BusEvent[] =>
  Array.from({ length: count }, () => ({
    eventId: randomUUID(),
    subject,
    correlationId: 'c',
    bytes: new Uint8Array([1, 2]),
  }));
const idsOf = (events: readonly BusEvent[]) => events.map(({ eventId }) => eventId);

/** Keeps what it is given, unless the test says otherwise. */
class FakeBus implements Publisher {
  readonly published: string[] = [];
  mostAtOnce = 0;
  #atOnce = 0;
  answer: () => Promise<void> = () => Promise.resolve();

  async publish({ eventId }: BusEvent) {
    this.#atOnce += 1;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.#atOnce);
    try {
      await this.answer();
    } finally {
      this.#atOnce -= 1;
    }
    const known = this.published.indexOf(eventId);
    this.published.push(eventId);
    return { duplicate: known !== -1, sequence: (known === -1 ? this.published.length - 1 : known) + 1 };
  }
}

function relayOver(bus: FakeBus, changes: Partial<RelayOptions> = {}) {
  const registry = createMetrics();
  const options = { postgres: store.postgres, publisher: bus, clock: systemClock, log, registry, ...changes };
  return { relay: new OutboxRelay(options), registry };
}
const left = async () => {
  const { rows } = await store.postgres.query<{ event_id: string }>('SELECT event_id FROM outbox');
  return rows.map((row) => row.event_id).toSorted();
};
/** Asks again and again, a second of the clock apart: the relay sleeps between its rounds, and Postgres answers in real time. */
const ticking =
  <T>(clock: ManualClock, ask: () => T | Promise<T>) =>
  async (): Promise<T> => {
    await clock.advance(1_000);
    return ask();
  };
/** Events whose writer is gone. */
const orphans = async (
  count: number,
  { subject = EARNED, clock = systemClock }: { subject?: string; clock?: Clock } = {},
) => {
  const events = some(count, subject);
  await insertEvents(store.postgres, events, clock.nowMs() - 2 * CLAIM_MS);
  return events;
};

describe('what is offered', () => {
  test('goes in large batches, and is then deleted', async () => {
    const bus = new FakeBus();
    bus.answer = () => systemClock.sleep(1);
    const { relay } = relayOver(bus);
    const events = some(2_000);
    await insertEvents(store.postgres, events, Date.now());
    await using _ = running([relay]);
    relay.offer(events);
    await expect.poll(left, { timeout: 10_000 }).toEqual([]);
    expect(bus.published).toEqual(idsOf(events));
    expect(bus.mostAtOnce).toBe(500);
  });

  test('does not wait for Postgres', async () => {
    const bus = new FakeBus();
    let release: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    let asked = 0;
    const slow = {
      ...store.postgres,
      query: async (text: string, params?: readonly unknown[]) => {
        asked += 1;
        await gate;
        return store.postgres.query(text, params);
      },
    } as Postgres;
    const { relay } = relayOver(bus, { postgres: slow });
    const events = some(3);
    await insertEvents(store.postgres, events, Date.now());
    await using _ = running([relay]);
    await expect.poll(() => asked).toBe(1);
    relay.offer(events);
    await expect.poll(() => bus.published).toEqual(idsOf(events));
    release();
    await expect.poll(left).toEqual([]);
  });

  test('is bounded: the sweep takes what there was no room for', async () => {
    const bus = new FakeBus();
    const clock = new ManualClock(Date.now());
    const { relay } = relayOver(bus, { clock });
    const events = some(20_001);
    await insertEvents(store.postgres, events, clock.nowMs());
    relay.offer(events);
    await using _ = running([relay]);
    await expect
      .poll(
        ticking(clock, () => left().then((ids) => ids.length)),
        { timeout: 30_000 },
      )
      .toBe(1);
    expect(bus.published).toHaveLength(20_000);
    await clock.advance(CLAIM_MS);
    await expect.poll(ticking(clock, left), { timeout: 10_000 }).toEqual([]);
  });

  test('is published once though Postgres fails for a while, and the deletes are made up for', async () => {
    const bus = new FakeBus();
    const clock = new ManualClock(Date.now());
    let failing = false;
    let failed = 0;
    const flaky = {
      ...store.postgres,
      query: (text: string, params?: readonly unknown[]) => {
        if (!failing) return store.postgres.query(text, params);
        failed += 1;
        return Promise.reject(new Error('gone'));
      },
    } as Postgres;
    const { relay } = relayOver(bus, { clock, postgres: flaky });
    const events = some(5);
    await insertEvents(store.postgres, events, clock.nowMs());
    await using _ = running([relay]);
    failing = true;
    relay.offer(events);
    await expect.poll(ticking(clock, () => failed)).toBeGreaterThan(1);
    expect(await left()).toHaveLength(5);
    // Their claims have lapsed by now: without the note the sweep would take them.
    await clock.advance(CLAIM_MS);
    failing = false;
    await expect.poll(ticking(clock, left)).toEqual([]);
    expect(bus.published.toSorted()).toEqual(idsOf(events).toSorted());
  });
});

describe('the sweep', () => {
  test('takes what nobody has in hand, batch after batch', async () => {
    const bus = new FakeBus();
    const events = await orphans(1_300);
    const { relay, registry } = relayOver(bus);
    await using _ = running([relay]);
    await expect.poll(left, { timeout: 10_000 }).toEqual([]);
    expect(bus.published.toSorted()).toEqual(idsOf(events).toSorted());
    expect(await registry.metrics()).toContain('skyflow_outbox_events_total{outcome="published"} 1300');
  });

  test('tries again a second later what the bus refused', async () => {
    const bus = new FakeBus();
    const clock = new ManualClock(Date.now());
    let refused = 0;
    bus.answer = () => {
      refused += 1;
      return refused > 7 ? Promise.resolve() : Promise.reject(new Error('no'));
    };
    const events = await orphans(3, { clock });
    const { relay, registry } = relayOver(bus, { clock });
    await using _ = running([relay]);
    await expect.poll(ticking(clock, left)).toEqual([]);
    expect(bus.published.toSorted()).toEqual(idsOf(events).toSorted());
    expect(await registry.metrics()).toContain('skyflow_outbox_events_total{outcome="held_up"} 7');
  });

  test('of two relays on one table publishes each event once', async () => {
    const bus = new FakeBus();
    bus.answer = () => systemClock.sleep(1);
    const events = await orphans(2_600);
    const second = (await store.openAgain?.()) ?? store.postgres;
    {
      await using _ = running([relayOver(bus).relay, relayOver(bus, { postgres: second, name: 'other' }).relay]);
      await expect.poll(left, { timeout: 20_000 }).toEqual([]);
    }
    if (second !== store.postgres) await second.close();
    expect(bus.published.toSorted()).toEqual(idsOf(events).toSorted());
  });

  test('counts what waits and since when', async () => {
    const clock = new ManualClock(Date.now());
    const bus = new FakeBus();
    bus.answer = () => Promise.reject(new Error('no'));
    await orphans(4, { clock });
    const { relay, registry } = relayOver(bus, { clock });
    await using _ = running([relay]);
    await expect.poll(() => registry.metrics()).toContain('skyflow_outbox_pending 4');
    expect(await registry.metrics()).toContain(`skyflow_outbox_oldest_seconds ${(2 * CLAIM_MS) / 1_000}`);
    bus.answer = () => Promise.resolve();
    await expect.poll(ticking(clock, () => registry.metrics())).toContain('skyflow_outbox_pending 0');
    expect(await registry.metrics()).toContain('skyflow_outbox_oldest_seconds 0');
  });
});

describe('frames', () => {
  test('the gateway is asked at most once a second, and only while one waits', async () => {
    const clock = new ManualClock(Date.now());
    let asked = 0;
    const place = () => Promise.resolve<Place>({ life: 'one', ackFloor: (asked += 1) > 3 ? 2 : 0 });
    const bus = new FakeBus();
    const { relay } = relayOver(bus, { clock, place });
    await using _ = running([relay]);
    await expect.poll(() => clock.sleeping).toBe(1);
    await clock.advance(10_000);
    expect(asked).toBe(0);
    const events = some(2, FRAME);
    await insertEvents(store.postgres, events, clock.nowMs());
    const fromMs = clock.nowMs();
    relay.offer(events);
    await expect.poll(ticking(clock, left)).toEqual([]);
    expect(asked).toBe(4);
    expect(clock.nowMs() - fromMs).toBeGreaterThanOrEqual(3_000);
    await clock.advance(10_000);
    expect(asked).toBe(4);
  });

  test('where nobody can say what was read they go again when their claim is over, and not for ever', async () => {
    const clock = new ManualClock(Date.now());
    const bus = new FakeBus();
    const { relay, registry } = relayOver(bus, { clock, place: () => Promise.reject(new Error('no')) });
    const events = some(1, FRAME);
    await insertEvents(store.postgres, events, clock.nowMs());
    await using _ = running([relay]);
    relay.offer(events);
    await expect.poll(ticking(clock, () => bus.published.length)).toBeGreaterThan(1);
    expect(new Set(bus.published)).toEqual(new Set(idsOf(events)));
    await expect.poll(ticking(clock, () => registry.metrics())).toContain('skyflow_outbox_held 1');
    await expect.poll(ticking(clock, left), { timeout: 30_000, interval: 10 }).toEqual([]);
    await expect.poll(ticking(clock, () => registry.metrics())).toContain('skyflow_outbox_held 0');
  });

  test('what has not been read when the process ends is for the next one, at once', async () => {
    const bus = new FakeBus();
    let ackFloor = 0;
    const place = () => Promise.resolve<Place>({ life: 'one', ackFloor });
    const [read, unread] = some(2, FRAME) as [BusEvent, BusEvent];
    const { relay } = relayOver(bus, { place });
    await insertEvents(store.postgres, [read, unread], Date.now());
    {
      await using _ = running([relay]);
      relay.offer([read]);
      await expect.poll(() => bus.published.length).toBeGreaterThan(1);
      relay.offer([unread]);
      await expect.poll(() => bus.published).toContain(unread.eventId);
      ackFloor = bus.published.indexOf(read.eventId) + 1;
    }
    expect(await left()).toEqual([unread.eventId]);
    const next = new FakeBus();
    await using _ = running([relayOver(next).relay]);
    await expect.poll(left).toEqual([]);
    expect(next.published).toEqual([unread.eventId]);
  });
});
