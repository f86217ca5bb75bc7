import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { RawPublish } from '#pkg/bus/publish.ts';
import { readMigrations } from '#pkg/migrate/migration-files.ts';
import { openThrowaway, type ThrowawayPostgres } from '#pkg/postgres/throwaway.ts';
import { ManualClock } from '#pkg/runtime/clock.ts';
import { createLogger } from '#pkg/runtime/log.ts';
import { readRequest } from './audit.ts';
import { findDeadLetter } from './dead-letters.ts';
import { letterOf, NOW_MS, requested } from './messages-for-tests.ts';
import { planReplay, replay, type Selection } from './replay.ts';
import { writeLetters } from './rows-store.ts';
import { readSubject } from './subject.ts';

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

const letters = async () => (await db().query<{ n: number }>('SELECT count(*) AS n FROM dlq_events')).rows[0]?.n;

describe('replay', () => {
  const clock = new ManualClock(NOW_MS + 1_000);
  const all: Selection = { sinceMs: 0, again: false };
  /** Replays into a list. */
  const replayed = async (selection: Selection, failing: (message: RawPublish) => boolean = () => false) => {
    const sent: RawPublish[] = [];
    const publish = async (message: RawPublish) => {
      if (failing(message)) throw new Error('NATS is away');
      sent.push(message);
    };
    return { result: await replay({ postgres: db(), publish, clock }, selection, undefined), sent };
  };

  test('puts the bytes back on the subject under a fresh id, oldest first, and takes it down', async () => {
    await writeLetters(db(), [letterOf('a'), letterOf('b', { subject: 'events.user.updated' })]);
    const { result, sent } = await replayed(all);
    expect(result).toEqual({
      count: 2,
      subjects: [
        { subject: 'events.timeline.requested', count: 1 },
        { subject: 'events.user.updated', count: 1 },
      ],
      skipped: 0,
      failed: 0,
      failures: [],
      stopped: false,
    });
    expect(sent.map(({ messageId, subject }) => [messageId, subject])).toEqual([
      ['replay-1-1', 'events.timeline.requested'],
      ['replay-2-1', 'events.user.updated'],
    ]);
    expect(Buffer.from(sent[0]?.bytes ?? [])).toEqual(Buffer.from(requested('a').bytes));
    expect([...(sent[0]?.headers ?? [])]).toEqual([
      ['Skyflow-Correlation-Id', 'cause-a'],
      ['Skyflow-Replay-Of', '1'],
    ]);
    expect(await findDeadLetter(db(), '1')).toMatchObject({ retryCount: 1, lastRetryAt: new Date(clock.nowMs()) });
    const entries = await readRequest(db(), 'cause-a', 10);
    expect(entries.map(({ kind, id }) => [kind, id])).toContainEqual(['replay', 'replay-1-1']);
    expect(entries.find(({ kind }) => kind === 'replay')).toMatchObject({ aggregateId: 'a', eventId: 'event-a' });
  });

  test('leaves alone what was replayed, unless told to take it again, under another id', async () => {
    await writeLetters(db(), [letterOf('a')]);
    await replayed(all);
    expect(await replayed(all)).toMatchObject({ result: { count: 0, skipped: 1 }, sent: [] });
    const again = await replayed({ ...all, again: true });
    expect(again.sent.map(({ messageId }) => messageId)).toEqual(['replay-1-2']);
    expect(await findDeadLetter(db(), '1')).toMatchObject({ retryCount: 2 });
  });

  test('takes what was chosen: by event, by subject or its beginning, by time', async () => {
    await writeLetters(db(), [
      letterOf('a'),
      letterOf('b', { subject: 'events.user.updated', diedMs: NOW_MS + 5_000 }),
    ]);
    const planned = async (selection: Omit<Selection, 'again'>) =>
      (await planReplay(db(), { ...selection, again: false })).subjects.map(({ subject }) => subject);
    expect(await planned({ eventId: 'event-a' })).toEqual(['events.timeline.requested']);
    expect(await planned({ subject: readSubject('events.user.>') })).toEqual(['events.user.updated']);
    expect(await planned({ subject: readSubject('events.user.updated') })).toEqual(['events.user.updated']);
    expect(await planned({ subject: readSubject('events.user.upd') })).toEqual([]);
    expect(await planned({ sinceMs: NOW_MS + 1 })).toEqual(['events.user.updated']);
    expect(await planned({ eventId: 'event-a', sinceMs: NOW_MS + 1 })).toEqual([]);
    expect((await replayed({ eventId: 'event-b', again: false })).sent.map(({ messageId }) => messageId)).toEqual([
      'replay-2-1',
    ]);
  });

  test('what cannot be published stays as it was, and the others go', async () => {
    await writeLetters(db(), [letterOf('a'), letterOf('b', { subject: 'events.gone.away' })]);
    const { result } = await replayed(all, ({ subject }) => subject === 'events.gone.away');
    expect(result).toMatchObject({ count: 1, failed: 1, failures: [{ id: 2, error: 'NATS is away' }], stopped: false });
    expect(await findDeadLetter(db(), '2')).toMatchObject({ retryCount: 0, lastRetryAt: null });
  });

  test('is repeated under the same id after a crash between publishing and noting', async () => {
    await writeLetters(db(), [letterOf('a')]);
    const sent: string[] = [];
    const publish = async ({ messageId }: RawPublish) => void sent.push(messageId);
    const dying = {
      ...db(),
      query: (async (sql: string, values?: readonly unknown[]) => {
        if (sql.includes('UPDATE dlq_events')) throw new Error('killed');
        return db().query(sql, values);
      }) as ReturnType<typeof db>['query'],
    };
    await expect(replay({ postgres: dying, publish, clock }, all, undefined)).rejects.toThrow('killed');
    await replay({ postgres: db(), publish, clock }, all, undefined);
    expect(sent).toEqual(['replay-1-1', 'replay-1-1']);
  });

  test('two at once count once, and one that notes late does not set the count back', async () => {
    await writeLetters(db(), [letterOf('a')]);
    await Promise.all([replayed(all), replayed(all)]);
    expect(await findDeadLetter(db(), '1')).toMatchObject({ retryCount: 1 });
    // Between the publishing and the noting of one, two others are through.
    const publish = async () => {
      await replayed({ ...all, again: true });
      await replayed({ ...all, again: true });
    };
    await replay({ postgres: db(), publish, clock }, { ...all, again: true }, undefined);
    expect(await findDeadLetter(db(), '1')).toMatchObject({ retryCount: 3 });
  });

  test('goes through many in portions that are bounded in number and size', async () => {
    const big = new Uint8Array(3_000_000);
    await writeLetters(
      db(),
      Array.from({ length: 250 }, (_, at) => letterOf(`n${at}`)),
    );
    for (const at of [1, 2, 3, 4])
      await writeLetters(db(), [letterOf(`big${at}`, { bytes: Buffer.from(big).fill(at) })]);
    let most = { messages: 0, bytes: 0 };
    const portions = {
      ...db(),
      query: (async (sql: string, values?: readonly unknown[]) => {
        const found = await db().query<{ data?: Uint8Array }>(sql, values);
        const bytes = found.rows.reduce((sum, { data }) => sum + (data?.length ?? 0), 0);
        most = { messages: Math.max(most.messages, found.rows.length), bytes: Math.max(most.bytes, bytes) };
        return found;
      }) as ReturnType<typeof db>['query'],
    };
    const ids: string[] = [];
    const publish = async ({ messageId }: RawPublish) => void ids.push(messageId);
    const { count } = await replay({ postgres: portions, publish, clock }, all, undefined);
    expect(count).toBe(254);
    expect(ids).toEqual(Array.from({ length: 254 }, (_, at) => `replay-${at + 1}-1`));
    expect(most.messages).toBe(100);
    expect(most.bytes).toBeLessThanOrEqual(8 * 1024 ** 2);
  });

  test('does not take again what dies again meanwhile', async () => {
    await writeLetters(db(), [letterOf('a')]);
    let sequence = 1;
    const publish = async () => writeLetters(db(), [letterOf('a', { sequence: (sequence += 1) })]);
    expect(await replay({ postgres: db(), publish, clock }, all, undefined)).toMatchObject({ count: 1 });
    expect(await letters()).toBe(2);
  });
});
