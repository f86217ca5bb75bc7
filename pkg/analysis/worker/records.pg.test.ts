import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { randomUUID } from 'node:crypto';
import { readMigrations } from '#pkg/migrate/migration-files.ts';
import { openThrowaway, type ThrowawayPostgres } from '#pkg/postgres/throwaway.ts';
import { createLogger } from '#pkg/runtime/log.ts';
import { answerTo } from '#testing/saga/answer.ts';
import { createRecords, type Records } from './records.ts';
import type { AnalysisRequest } from './request.ts';

const url = process.env['DATABASE_URL'] || undefined;
const folder = new URL('../../../migrations/postgres', import.meta.url).pathname;
let throwaway: ThrowawayPostgres;
let records: Records;
let request: AnalysisRequest;

beforeAll(async () => {
  throwaway = await openThrowaway({ url, log: createLogger({ level: 'silent' }) });
  for (const { upSql } of await readMigrations(folder)) await throwaway.postgres.script(upSql);
  records = createRecords(throwaway.postgres);
});
afterAll(() => throwaway[Symbol.asyncDispose]());
beforeEach(() => {
  request = {
    analysisId: randomUUID(),
    userId: 'did:plc:asker',
    subjectDid: 'did:plc:subject',
    type: 'clout',
    window: '48h',
    audience: 'following',
    tier: 'drift',
    correlationId: 'c-1',
    eventId: randomUUID(),
  };
});

const nowMs = 1_790_000_000_123;
const answer = () => answerTo({ did: 'did:plc:subject', lens: 'clout', window: '48h', audience: 'following' }, 3);
const complete = () =>
  records.complete(request.analysisId, { answer: answer(), cached: false, durationMs: 12.6, nowMs });
const stored = async () =>
  (await throwaway.postgres.query('SELECT * FROM timeline_analyses WHERE id = $1', [request.analysisId])).rows;

test('a second delivery finds the row of the first, and counts its attempt', async () => {
  expect(await records.begin(request, { attempts: 1, nowMs })).toMatchObject({ status: 'processing', attempts: 1 });
  expect(await records.begin(request, { attempts: 2, nowMs: nowMs + 9 })).toMatchObject({ attempts: 2 });
  expect(await records.begin(request, { attempts: 1, nowMs: nowMs + 9 })).toMatchObject({ attempts: 2 });
  expect(await stored()).toMatchObject([{ started_at: new Date(nowMs), correlation_id: 'c-1', finished_at: null }]);
});

test('the whole answer is there, and says what was asked', async () => {
  await records.begin(request, { attempts: 1, nowMs });
  const record = await complete();
  expect(record).toMatchObject({ status: 'completed', durationMs: 13, score: 7.5, finishedAtMs: nowMs });
  expect(await stored()).toMatchObject([
    {
      user_id: 'did:plc:asker',
      subject_did: 'did:plc:subject',
      type: 'clout',
      time_window: '48h',
      audience: 'following',
      status: 'completed',
      cached: false,
      result: answer(),
      error_code: null,
    },
  ]);
});

test('what has ended stays as it ended, whatever comes again or too late', async () => {
  await records.begin(request, { attempts: 1, nowMs });
  const first = await complete();
  const later = { answer: { ...answer(), score: null }, cached: true, durationMs: 1, nowMs: nowMs + 1000 };
  expect(await records.complete(request.analysisId, later)).toEqual(first);
  expect(await records.begin(request, { attempts: 3, nowMs })).toEqual(first);
  expect(await records.fail(request, { code: 'internal', attempts: 3, nowMs })).toEqual(first);
  expect(await stored()).toHaveLength(1);
});

test('a failure is written whether it ever began or not, once', async () => {
  const failed = await records.fail(request, { code: 'timed_out', attempts: 3, nowMs });
  expect(failed).toMatchObject({ status: 'failed', errorCode: 'timed_out', attempts: 3, finishedAtMs: nowMs });
  expect(await records.fail(request, { code: 'internal', attempts: 1, nowMs: nowMs + 5 })).toEqual(failed);
  expect(await complete()).toEqual(failed);
  const other = { ...request, analysisId: randomUUID(), type: 'no such lens' };
  await records.begin(other, { attempts: 1, nowMs });
  expect(await records.fail(other, { code: 'invalid_request', attempts: 1, nowMs })).toMatchObject({
    status: 'failed',
  });
});

test('texts that jsonb does not take do not keep an answer from being stored', async () => {
  await records.begin(request, { attempts: 1, nowMs });
  const hostile = { ...answer(), share: 'zero \0, half a pair \uD83E, a whole one 🦋, \\u0000' };
  const completion = { answer: hostile, cached: false, durationMs: 1, nowMs };
  expect(await records.complete(request.analysisId, completion)).toMatchObject({ status: 'completed' });
  expect(await stored()).toMatchObject([
    { result: { share: 'zero \uFFFD, half a pair \uFFFD, a whole one 🦋, \\u0000' } },
  ]);
});

test('completing what was never begun is an error, not silence', async () => {
  await expect(complete()).rejects.toThrow(/is gone/);
});
