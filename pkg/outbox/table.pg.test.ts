import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { BusEvent } from '#pkg/bus/events.ts';
import { openOutboxStore, type OutboxStore } from './outbox-for-tests.ts';
import { CLAIM_MS, claimEvents, deleteEvents, insertEvents, pendingEvents, setClaims, vacuum } from './table.ts';

let store: OutboxStore;
beforeAll(async () => {
  store = await openOutboxStore();
});
afterAll(() => store[Symbol.asyncDispose]());
beforeEach(() => store.postgres.script('TRUNCATE outbox'));

const NOW = Date.UTC(2026, 2, 10, 12);
/** Bytes that no text could carry. */
const some = (count: number, bytes = new Uint8Array([0, 1, 34, 39, 92, 123, 125, 255])): BusEvent[] =>
  Array.from({ length: count }, () => ({
    eventId: randomUUID(),
    subject: 'events.xp.earned',
    correlationId: `it's "{one}", \\`,
    bytes,
  }));
const claim = (nowMs: number, limit = 1_000) => claimEvents(store.postgres, nowMs, limit);

test('any number of events goes in with one statement, and comes out as it was', async () => {
  const events = some(3_000);
  events[0] = { ...(events[0] as BusEvent), bytes: new Uint8Array() };
  let statements = 0;
  const counting = {
    ...store.postgres,
    query: (text: string, params?: readonly unknown[]) => {
      statements += 1;
      return store.postgres.query(text, params);
    },
  } as typeof store.postgres;
  await insertEvents(counting, events, NOW);
  await insertEvents(counting, [], NOW);
  expect(statements).toBe(1);
  const taken = await claim(NOW + CLAIM_MS, 5_000);
  const byId = new Map(taken.map((one) => [one.event.eventId, one]));
  expect(byId.size).toBe(3_000);
  for (const event of events) {
    const found = byId.get(event.eventId);
    expect({ ...found?.event, bytes: [...(found?.event.bytes ?? [])] }).toEqual({ ...event, bytes: [...event.bytes] });
    expect([found?.writtenAtMs, found?.claimedUntilMs]).toEqual([NOW, NOW + 2 * CLAIM_MS]);
  }
});

test('the same event written twice stands there once', async () => {
  const [event] = some(1) as [BusEvent];
  await insertEvents(store.postgres, [event, event], NOW);
  await insertEvents(store.postgres, [{ ...event, bytes: new Uint8Array([7]) }], NOW);
  expect((await claim(NOW + CLAIM_MS)).map((one) => [...one.event.bytes])).toEqual([[...event.bytes]]);
});

test('goes with its transaction', async () => {
  const writing = store.postgres.transaction(async (tx) => {
    await insertEvents(tx, some(2), NOW);
    throw new Error('no');
  });
  await expect(writing).rejects.toThrow('no');
  expect(await pendingEvents(store.postgres)).toEqual({ count: 0, oldestMs: undefined });
});

test('belongs to its writer until the claim lapses, then to who takes it first', async () => {
  await insertEvents(store.postgres, some(30), NOW);
  expect(await claim(NOW + CLAIM_MS - 1)).toEqual([]);
  const batches = await Promise.all(Array.from({ length: 5 }, () => claim(NOW + CLAIM_MS, 8)));
  const ids = batches.flat().map(({ event }) => event.eventId);
  expect([ids.length, new Set(ids).size]).toEqual([30, 30]);
  expect(await claim(NOW + CLAIM_MS)).toEqual([]);
});

test('is there until it is deleted, and may be given back', async () => {
  const [first, second] = some(2) as [BusEvent, BusEvent];
  await insertEvents(store.postgres, [first], NOW);
  await insertEvents(store.postgres, [second], NOW + 1_000);
  expect(await pendingEvents(store.postgres)).toEqual({ count: 2, oldestMs: NOW });
  await deleteEvents(store.postgres, [first.eventId, randomUUID()]);
  expect(await pendingEvents(store.postgres)).toEqual({ count: 1, oldestMs: NOW + 1_000 });
  await setClaims(store.postgres, [second.eventId], NOW + 2_000);
  expect((await claim(NOW + 2_000)).map(({ event }) => event.eventId)).toEqual([second.eventId]);
});

test('the room of deleted events is given back, where no server does it', async () => {
  const bytesOf = async () => {
    const { rows } = await store.postgres.query<{ bytes: number }>(`SELECT pg_relation_size('outbox') AS bytes`);
    return rows[0]?.bytes;
  };
  const events = some(2_000);
  await insertEvents(store.postgres, events, NOW);
  await deleteEvents(
    store.postgres,
    events.map(({ eventId }) => eventId),
  );
  expect(await bytesOf()).toBeGreaterThan(0);
  await vacuum(store.postgres);
  if (store.postgres.embedded) expect(await bytesOf()).toBe(0);
});
