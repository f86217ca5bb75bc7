import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { readMigrations } from '#pkg/migrate/migration-files.ts';
import { openThrowaway, type ThrowawayPostgres } from '#pkg/postgres/throwaway.ts';
import { ManualClock } from '#pkg/runtime/clock.ts';
import { createLogger } from '#pkg/runtime/log.ts';
import { createMetrics } from '#pkg/runtime/metrics.ts';
import { findCorrelations, readAudit, readRequest } from './audit.ts';
import { findDeadLetter, listDeadLetters } from './dead-letters.ts';
import { letterOf, NOW_MS, requested, rowOf } from './messages-for-tests.ts';
import { writeEvents, writeLetters } from './rows-store.ts';
import { readSubject } from './subject.ts';
import { AUDIT_KEEP_MS, COUNT_EVERY_MS, forgetOld, LETTER_KEEP_MS, letterCount } from './upkeep.ts';

const url = process.env['DATABASE_URL'] || undefined;
const folder = new URL('../../migrations/postgres', import.meta.url).pathname;
const log = createLogger({ level: 'silent' });
let throwaway: ThrowawayPostgres;
const db = () => throwaway.postgres;

beforeAll(async () => {
  throwaway = await openThrowaway({ url, log });
  for (const { upSql } of await readMigrations(folder)) await db().script(upSql);
});
afterAll(() => throwaway[Symbol.asyncDispose]());
beforeEach(() => db().script('TRUNCATE audit_log; TRUNCATE dlq_events RESTART IDENTITY'));

const count = async (table: 'audit_log' | 'dlq_events') =>
  (await db().query<{ n: number }>(`SELECT count(*) AS n FROM ${table}`)).rows[0]?.n;

describe('the audit log', () => {
  test('holds an event once, with its bytes, whatever number of times it is written', async () => {
    const rows = [rowOf('a'), rowOf('b'), rowOf('a')];
    await writeEvents(db(), rows);
    await writeEvents(db(), rows);
    const found = await readAudit(db(), { limit: 10, sinceMs: 0 });
    expect(found.map(({ eventId }) => eventId)).toEqual(['event-a', 'event-b']);
    expect(found[0]).toMatchObject({ kind: 'event', correlationId: 'cause-a', occurredAt: new Date(NOW_MS) });
    expect(Buffer.from(found[0]?.bytes ?? [])).toEqual(Buffer.from(requested('a').bytes));
  });

  test('is searched by request, by what it is about, by subject and by time', async () => {
    const other = { ...rowOf('x'), id: 'late', subject: 'events.user.updated', recordedAtMs: NOW_MS + 60_000 };
    await writeEvents(db(), [rowOf('a'), rowOf('b'), other]);
    const ids = async (choice: Omit<Parameters<typeof readAudit>[1], 'limit'>) =>
      (await readAudit(db(), { ...choice, limit: 10 })).map(({ id }) => id);
    expect(await ids({ correlationId: 'cause-b' })).toEqual(['event-b']);
    expect(await ids({ aggregateId: 'a' })).toEqual(['event-a']);
    expect(await ids({ subject: readSubject('events.user.updated') })).toEqual(['late']);
    expect(await ids({ subject: readSubject('events.timeline.>') })).toEqual(['event-a', 'event-b']);
    expect(await ids({ sinceMs: NOW_MS + 60_000 })).toEqual(['late']);
    expect(await readAudit(db(), { sinceMs: 0, limit: 2 })).toHaveLength(2);
  });

  test('leads from a request, an event or an analysis to the request', async () => {
    await writeEvents(db(), [
      rowOf('a'),
      rowOf('b'),
      { ...rowOf('a'), id: 'event-a2', correlationId: 'newer', recordedAtMs: NOW_MS + 9 },
    ]);
    expect(await findCorrelations(db(), 'cause-a')).toEqual(['cause-a']);
    expect(await findCorrelations(db(), 'event-b')).toEqual(['cause-b']);
    expect(await findCorrelations(db(), 'a')).toEqual(['newer', 'cause-a']);
    expect(await findCorrelations(db(), 'nobody')).toEqual([]);
    expect(await findCorrelations(db(), '')).toEqual([]);
  });
});

describe('a dead letter', () => {
  test('is in both tables, once, with its bytes and how it died', async () => {
    const junk = letterOf('j', { bytes: Buffer.from([0, 255, 10]) });
    await writeLetters(db(), [letterOf('a'), junk]);
    await writeLetters(db(), [junk]);
    expect([await count('dlq_events'), await count('audit_log')]).toEqual([2, 2]);
    const found = await findDeadLetter(db(), '2');
    expect(found).toMatchObject({
      subject: 'events.timeline.requested',
      durable: 'timeline-processor',
      attempts: 3,
      error: 'it broke',
      eventId: '',
      retryCount: 0,
      lastRetryAt: null,
      headers: { 'Skyflow-Attempts': '3' },
    });
    expect([...(found?.data ?? [])]).toEqual([0, 255, 10]);
    expect(await findDeadLetter(db(), 'event-a')).toMatchObject({ id: 1 });
    expect(await findDeadLetter(db(), '99')).toBeUndefined();
    const [traced] = await readRequest(db(), 'cause-a', 10);
    expect(traced).toMatchObject({ kind: 'dead_letter', letter: { id: 1, attempts: 3, error: 'it broke' } });
  });

  test('of an event that died again is a row of its own', async () => {
    await writeLetters(db(), [letterOf('a', { sequence: 1 }), letterOf('a', { sequence: 2 })]);
    expect(await findDeadLetter(db(), 'event-a')).toMatchObject({ id: 2 });
    const { letters, total } = await listDeadLetters(db(), {
      subject: { exact: undefined, prefix: undefined },
      limit: 1,
    });
    expect([letters.map(({ id }) => id), total]).toEqual([[2], 2]);
  });
});

describe('upkeep', () => {
  test('deletes what was kept long enough, and nothing else', async () => {
    const clock = new ManualClock(NOW_MS);
    await writeEvents(db(), [
      { ...rowOf('old'), recordedAtMs: NOW_MS - AUDIT_KEEP_MS - 1 },
      { ...rowOf('young'), recordedAtMs: NOW_MS - AUDIT_KEEP_MS },
    ]);
    const diedMs = NOW_MS - LETTER_KEEP_MS - 1;
    await writeLetters(db(), [letterOf('old', { diedMs }), letterOf('tried', { diedMs }), letterOf('young')]);
    await db().query('UPDATE dlq_events SET last_retry_at = $1, retry_count = 1 WHERE id = 2', [new Date(NOW_MS - 5)]);
    const parts = { postgres: db(), clock, log };
    expect(await forgetOld(parts, new AbortController().signal)).toBe(2);
    expect((await db().query('SELECT id FROM dlq_events ORDER BY id')).rows).toEqual([{ id: 2 }, { id: 3 }]);
    const left = (await readAudit(db(), { sinceMs: 0, limit: 10 })).filter(({ kind }) => kind === 'event');
    expect(left.map(({ id }) => id)).toEqual(['event-young']);
  });

  test('dlq_events_count counts those that were not replayed, and outlasts a Postgres that is away', async () => {
    const clock = new ManualClock(NOW_MS);
    const registry = createMetrics();
    let isAway = false;
    const postgres = {
      ...db(),
      query: ((sql, values) => (isAway ? Promise.reject(new Error('away')) : db().query(sql, values))) as ReturnType<
        typeof db
      >['query'],
    };
    await writeLetters(db(), [letterOf('a'), letterOf('b')]);
    const controller = new AbortController();
    const run = letterCount({ postgres, clock, log }, registry).run(controller.signal);
    const gauge = async () => /^dlq_events_count (\d+)$/m.exec(await registry.metrics())?.[1];
    await expect.poll(gauge).toBe('2');
    isAway = true;
    await clock.advance(COUNT_EVERY_MS);
    isAway = false;
    await db().query('UPDATE dlq_events SET last_retry_at = now() WHERE id = 1');
    await expect.poll(() => clock.sleeping).toBe(1);
    await clock.advance(COUNT_EVERY_MS);
    await expect.poll(gauge).toBe('1');
    controller.abort();
    await run;
  });
});
