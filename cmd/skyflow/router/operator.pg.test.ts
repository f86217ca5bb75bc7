import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { readMigrations } from '#pkg/migrate/migration-files.ts';
import { openThrowaway, type ThrowawayPostgres } from '#pkg/postgres/throwaway.ts';
import { bytesOf, letterOf, NOW_MS, rowOf } from '#pkg/router/messages-for-tests.ts';
import { writeEvents, writeLetters } from '#pkg/router/rows-store.ts';
import { ManualClock } from '#pkg/runtime/clock.ts';
import { createLogger } from '#pkg/runtime/log.ts';
import { createRouterOperator } from './operator.ts';

const folder = new URL('../../../migrations/postgres', import.meta.url).pathname;
const url = process.env['DATABASE_URL'] || undefined;
const clock = new ManualClock(NOW_MS + 1_000);
let throwaway: ThrowawayPostgres;
const ask: ReturnType<typeof createRouterOperator> = (request, signal) => {
  const bus = () => Promise.reject(new Error('NATS was asked for'));
  return createRouterOperator({ postgres: throwaway.postgres, bus, clock })(request, signal);
};

beforeAll(async () => {
  throwaway = await openThrowaway({ url, log: createLogger({ level: 'silent' }) });
  for (const { upSql } of await readMigrations(folder)) await throwaway.postgres.script(upSql);
});
afterAll(() => throwaway[Symbol.asyncDispose]());
beforeEach(() => throwaway.postgres.script('TRUNCATE audit_log; TRUNCATE dlq_events RESTART IDENTITY'));

test('what can never work is refused with what to do', async () => {
  const order = { action: 'replay', again: false, dryRun: false } as const;
  expect(await ask(order)).toMatchObject({ ok: false, hint: expect.stringContaining('--since 2h') });
  expect(await ask({ ...order, eventId: 'x' })).toMatchObject({ ok: false, hint: 'Try: skyflow dlq list' });
  expect(await ask({ ...order, subject: 'a b' })).toMatchObject({ ok: false, message: '"a b" is no subject.' });
  expect(await ask({ action: 'dead_letter', id: '5' })).toMatchObject({ ok: false, hint: 'Try: skyflow dlq list' });
  expect(await ask({ action: 'trace', id: 'x' })).toMatchObject({ ok: false, message: 'Nothing is known of x.' });
  expect(await ask({ action: 'audit', limit: 5 })).toMatchObject({ ok: false });
});

test('a dry run, and a replay of nothing, need no NATS', async () => {
  await writeLetters(throwaway.postgres, [letterOf('a')]);
  const order = { action: 'replay', again: false, dryRun: true, sinceMs: 0 } as const;
  expect(await ask(order)).toMatchObject({ ok: true, answer: { dryRun: true, count: 1 } });
  expect(await ask({ ...order, dryRun: false, sinceMs: NOW_MS + 9 })).toMatchObject({ ok: true, answer: { count: 0 } });
  await expect(ask({ ...order, dryRun: false })).rejects.toThrow('NATS was asked for');
});

test('a message that cannot be read comes as bytes, cut where they are very many', async () => {
  const bytes = Buffer.alloc(100_000, 0xff);
  await writeLetters(throwaway.postgres, [
    letterOf('a'),
    letterOf('b', { bytes }),
    letterOf('c', { bytes: bytesOf(), subject: 'events.user.teleported' }),
  ]);
  expect(await ask({ action: 'dead_letter', id: '1' })).toMatchObject({
    answer: { hex: null, message: { type: 'flow' } },
  });
  expect(await ask({ action: 'dead_letter', id: '2' })).toMatchObject({
    answer: { hex: 'ff'.repeat(65_536), bytes: 100_000, envelope: null, message: null },
  });
  expect(await ask({ action: 'dead_letter', id: '3' })).toMatchObject({
    answer: {
      hex: bytesOf().reduce((hex, byte) => hex + byte.toString(16).padStart(2, '0'), ''),
      envelope: { event_id: 'e-1' },
    },
  });
});

test('a trace of more than a thousand events is cut, and says so; of an id with several requests the newest is shown', async () => {
  const rows = Array.from({ length: 1_001 }, (_, at) => ({ ...rowOf(`n${at}`, 'many'), aggregateId: 'did:plc:a' }));
  await writeEvents(throwaway.postgres, [
    ...rows,
    { ...rowOf('x', 'older'), aggregateId: 'did:plc:a', recordedAtMs: 5 },
  ]);
  const outcome = await ask({ action: 'trace', id: 'did:plc:a' });
  expect(outcome).toMatchObject({ ok: true, answer: { correlationId: 'many', others: 1, cut: true } });
  if (outcome.ok) expect(outcome.answer.lines).toHaveLength(1_000);
});

test('a subject alone looks a week back, a time or a user as far as there is', async () => {
  const old = { ...rowOf('old'), recordedAtMs: NOW_MS - 8 * 86_400_000 };
  await writeEvents(throwaway.postgres, [rowOf('new'), old]);
  const ids = async (choice: { subject?: string; sinceMs?: number; about?: string }) => {
    const outcome = await ask({ action: 'audit', limit: 5, ...choice });
    return outcome.ok ? outcome.answer.entries.map(({ id }) => id) : outcome.message;
  };
  expect(await ids({ subject: 'events.timeline.>' })).toEqual(['event-new']);
  expect(await ids({ subject: 'events.timeline.>', sinceMs: 0 })).toEqual(['event-new', 'event-old']);
  expect(await ids({ about: 'old' })).toEqual(['event-old']);
  expect(await ask({ action: 'audit', limit: 1, sinceMs: 0 })).toMatchObject({ answer: { cut: true } });
});
