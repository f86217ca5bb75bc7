import { nanos } from '@nats-io/transport-node';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ack, consume, dead } from '#pkg/bus/consume.ts';
import { type BusEvent, EVENTS } from '#pkg/bus/events.ts';
import { createPublisher, publishRaw, type RawPublish } from '#pkg/bus/publish.ts';
import { reconcileStreams } from '#pkg/bus/streams.ts';
import { openThrowawayBus, type ThrowawayBus } from '#pkg/bus/throwaway.ts';
import { readMigrations } from '#pkg/migrate/migration-files.ts';
import type { Postgres } from '#pkg/postgres/client.ts';
import { openThrowaway, type ThrowawayPostgres } from '#pkg/postgres/throwaway.ts';
import { systemClock } from '#pkg/runtime/clock.ts';
import { runAll, type Service } from '#pkg/runtime/lifecycle.ts';
import { createLogger } from '#pkg/runtime/log.ts';
import { createMetrics } from '#pkg/runtime/metrics.ts';
import { readAudit, readRequest } from './audit.ts';
import { findDeadLetter } from './dead-letters.ts';
import { bytesOf, requested } from './messages-for-tests.ts';
import { replay } from './replay.ts';
import { createRouter } from './router.ts';
import { traceTree } from './trace.ts';

const log = createLogger({ level: 'silent' });
const folder = new URL('../../migrations/postgres', import.meta.url).pathname;
/** Long, because only a broken router uses it up. */
const SLOW = { timeout: 45_000, interval: 50 };
let throwaway: ThrowawayPostgres;
let nats: ThrowawayBus;
let stops: (() => Promise<void>)[] = [];
const db = () => throwaway.postgres;

beforeAll(async () => {
  throwaway = await openThrowaway({ url: process.env['DATABASE_URL'] || undefined, log });
  for (const { upSql } of await readMigrations(folder)) await db().script(upSql);
  nats = await openThrowawayBus();
});
afterAll(async () => {
  await nats.close();
  await throwaway[Symbol.asyncDispose]();
});
beforeEach(async () => {
  for await (const { config } of nats.bus.jsm.streams.list()) await nats.bus.jsm.streams.delete(config.name);
  await reconcileStreams(nats.bus, log);
  await db().script('TRUNCATE audit_log; TRUNCATE dlq_events RESTART IDENTITY');
});
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

/** Runs services until the test ends or what it returns is called. */
const start = (services: readonly Service[]): (() => Promise<void>) => {
  const controller = new AbortController();
  const run = runAll(services, { signal: controller.signal, graceMs: 20_000, log });
  const stop = async () => {
    controller.abort();
    await run;
  };
  stops.push(stop);
  return stop;
};
const router = (postgres: Postgres = db()) =>
  createRouter({ postgres, bus: nats.bus, clock: systemClock, log, registry: createMetrics() }).services;
const send = (subject: string, bytes: Uint8Array, messageId: string) =>
  publishRaw(nats.bus, { subject, bytes, messageId });
const audited = async (kind = 'event') =>
  (await readAudit(db(), { sinceMs: 0, limit: 1_000 })).filter((entry) => entry.kind === kind).map(({ id }) => id);

test('every event of the four streams is audited once, though published and delivered again', async () => {
  const ids = Array.from({ length: 150 }, (_, at) => `t${at}`);
  const publisher = createPublisher(nats.bus);
  for (const id of ids) await publisher.publish(requested(id));
  // Outside of the window that recognises them by their message id.
  for (const id of ids) await send(requested(id).subject, requested(id).bytes, `again-${id}`);
  for (const subject of [
    'events.user.updated',
    'events.subscription.created',
    'events.xp.earned',
    'events.streak.mended',
  ])
    await send(subject, bytesOf({ eventId: `of ${subject}`, eventType: subject, version: 7 }), subject);
  start(router());
  const wanted = [
    ...ids.map((id) => `event-${id}`),
    ...['user.updated', 'subscription.created', 'xp.earned', 'streak.mended'].map((name) => `of events.${name}`),
  ];
  await expect.poll(async () => (await audited()).toSorted(), SLOW).toEqual(wanted.toSorted());
  await expect
    .poll(async () => (await nats.bus.jsm.consumers.info('TIMELINE', 'event-router')).num_pending, SLOW)
    .toBe(0);
  expect(await audited()).toHaveLength(wanted.length);
  expect(await audited('dead_letter')).toEqual([]);
});

test('a broken envelope is a dead letter with the reason and its bytes; what is behind it flows', async () => {
  start(router());
  const junk = Buffer.from([1, 2, 3, 255]);
  await send('events.user.updated', junk, 'junk');
  await send('events.user.updated', bytesOf({ eventId: 'behind' }), 'behind');
  await expect.poll(() => audited(), SLOW).toEqual(['behind']);
  await expect.poll(() => audited('dead_letter'), SLOW).toHaveLength(1);
  const letter = await findDeadLetter(db(), '1');
  expect(letter).toMatchObject({ subject: 'events.user.updated', durable: 'event-router', eventId: '' });
  expect(letter?.error).toContain('no envelope');
  expect(letter?.headers).toMatchObject({ 'Skyflow-Original-Nats-Msg-Id': 'junk' });
  expect([...(letter?.data ?? [])]).toEqual([...junk]);
});

test('while Postgres is away everything waits, and nothing is lost or given up', async () => {
  let isAway = true;
  let refused = 0;
  const flaky: Postgres = {
    ...db(),
    query: (sql, values) => {
      if (!isAway) return db().query(sql, values);
      refused += 1;
      return Promise.reject(Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }));
    },
  };
  start(router(flaky));
  await send('events.user.updated', bytesOf({ eventId: 'waits' }), 'waits');
  await send('dlq.events.user.updated', bytesOf({ eventId: 'dead' }), 'waits too');
  await expect.poll(() => refused, SLOW).toBeGreaterThan(8);
  isAway = false;
  await expect.poll(() => audited(), SLOW).toEqual(['waits']);
  await expect.poll(() => audited('dead_letter'), SLOW).toHaveLength(1);
  expect(await findDeadLetter(db(), '1')).toMatchObject({ eventId: 'dead' });
});

describe('a handler that always fails on one message', () => {
  /** A processor of requests that fails on the poisoned one for as long as `isBroken`. */
  const processor = () => {
    const state = { isBroken: true, givesUp: false, done: [] as string[], attempts: 0 };
    const service = consume({
      bus: nats.bus,
      durable: 'timeline-processor',
      event: EVENTS.timelineRequested,
      concurrency: 4,
      clock: systemClock,
      log,
      handler: async ({ message: { analysisId } }) => {
        if (analysisId === 'poison') {
          state.attempts += 1;
          if (state.givesUp) return dead('it can never work');
          if (state.isBroken) throw new Error('division by zero');
        }
        state.done.push(analysisId);
        return ack;
      },
    });
    return { state, service };
  };
  const publish = async (events: readonly BusEvent[]) => {
    for (const event of events) await createPublisher(nats.bus).publish(event);
  };
  const publishBack = (message: RawPublish) => publishRaw(nats.bus, message);

  test('is dead after three deliveries, its neighbours are done, and once mended a replay finishes it once', async () => {
    const { state, service } = processor();
    const poison = requested('poison');
    start([...router(), service]);
    await publish([requested('before'), poison, ...[1, 2, 3].map((at) => requested(`behind${at}`))]);
    await expect.poll(() => audited('dead_letter'), SLOW).toHaveLength(1);
    expect(state.attempts).toBe(3);
    expect(state.done.toSorted()).toEqual(['before', 'behind1', 'behind2', 'behind3']);
    const letter = await findDeadLetter(db(), poison.eventId);
    expect(letter).toMatchObject({
      durable: 'timeline-processor',
      attempts: 3,
      error: 'division by zero',
      subject: poison.subject,
      correlationId: poison.correlationId,
    });
    expect(Buffer.from(letter?.data ?? [])).toEqual(Buffer.from(poison.bytes));

    state.isBroken = false;
    const parts = { postgres: db(), publish: publishBack, clock: systemClock };
    const selection = { eventId: poison.eventId, again: false };
    expect(await replay(parts, selection, undefined)).toMatchObject({ count: 1, failed: 0 });
    await expect.poll(() => state.done, SLOW).toContain('poison');
    expect(await replay(parts, selection, undefined)).toMatchObject({ count: 0, skipped: 1 });
    const pending = async () => {
      const info = await nats.bus.jsm.consumers.info('TIMELINE', 'timeline-processor');
      return info.num_pending + info.num_ack_pending;
    };
    await expect.poll(pending, SLOW).toBe(0);
    expect(state.done.filter((id) => id === 'poison')).toHaveLength(1);

    const tree = traceTree(await readRequest(db(), poison.correlationId, 100));
    expect(tree.map(({ entry: { kind }, depth }) => [kind, depth])).toEqual([
      ['event', 0],
      ['dead_letter', 1],
      ['replay', 1],
    ]);
  }, 120_000);

  test('one that fails again is a second dead letter', async () => {
    const { state, service } = processor();
    state.givesUp = true;
    start([...router(), service]);
    await publish([requested('poison')]);
    await expect.poll(() => audited('dead_letter'), SLOW).toHaveLength(1);
    const parts = { postgres: db(), publish: publishBack, clock: systemClock };
    await replay(parts, { sinceMs: 0, again: false }, undefined);
    await expect.poll(() => audited('dead_letter'), SLOW).toHaveLength(2);
    expect(await findDeadLetter(db(), '2')).toMatchObject({ headers: { 'Skyflow-Replay-Of': '1' }, retryCount: 0 });
  }, 120_000);
});

test('an event that was delivered to a process which died is audited by the next', async () => {
  await nats.bus.jsm.consumers.update('USER', 'event-router', { ack_wait: nanos(500) });
  await send('events.user.updated', bytesOf({ eventId: 'twice' }), 'twice');
  const consumer = await nats.bus.js.consumers.get('USER', 'event-router');
  const unanswered = await consumer.next({ expires: 5_000 });
  expect(unanswered?.subject).toBe('events.user.updated');
  const stop = start(router());
  await expect.poll(() => audited(), SLOW).toEqual(['twice']);
  await stop();
});
