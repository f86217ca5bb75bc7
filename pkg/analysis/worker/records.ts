import { readSql } from '#pkg/clickhouse/query.ts';
import type { LensAnswer } from '#pkg/contracts/lens.ts';
import type { Postgres } from '#pkg/postgres/client.ts';
import { FAILURE_MESSAGES, type FailureCode } from './failure.ts';
import type { AnalysisRequest } from './request.ts';

/** A row of `timeline_analyses`, without the answer itself. */
export interface AnalysisRecord {
  readonly id: string;
  readonly status: 'processing' | 'completed' | 'failed';
  /** Whether another request had it computed. */
  readonly cached: boolean;
  readonly attempts: number;
  readonly durationMs: number;
  readonly score: number | null;
  readonly errorCode: string;
  readonly errorMessage: string;
  /** Milliseconds since 1970; 0 while it is processing. */
  readonly finishedAtMs: number;
}

/** What an answer adds to its row. */
export interface Completion {
  readonly answer: LensAnswer;
  readonly cached: boolean;
  readonly durationMs: number;
  readonly nowMs: number;
}

/**
 * The rows of the service. Each call is one statement that may run twice: a row that has ended is never changed again, and
 * what is returned is how it ended.
 */
export interface Records {
  /** Makes the row, or finds the one of an earlier delivery. */
  begin(request: AnalysisRequest, attempt: { attempts: number; nowMs: number }): Promise<AnalysisRecord>;
  complete(id: string, completion: Completion): Promise<AnalysisRecord>;
  fail(
    request: AnalysisRequest,
    failure: { code: FailureCode; attempts: number; nowMs: number },
  ): Promise<AnalysisRecord>;
}

const sql = {
  begin: readSql(import.meta.url, 'begin.sql'),
  complete: readSql(import.meta.url, 'complete.sql'),
  fail: readSql(import.meta.url, 'fail.sql'),
  find: readSql(import.meta.url, 'find.sql'),
};

export const createRecords = (postgres: Pick<Postgres, 'query'>): Records => {
  const first = async (text: string, params: readonly unknown[]): Promise<AnalysisRecord | undefined> => {
    const { rows } = await postgres.query<Row>(text, params);
    return rows[0] === undefined ? undefined : fromRow(rows[0]);
  };
  const ended = async (id: string, change: Promise<AnalysisRecord | undefined>): Promise<AnalysisRecord> => {
    const record = (await change) ?? (await first(sql.find, [id]));
    if (record === undefined) throw new Error(`the row of analysis ${id} is gone`);
    return record;
  };
  const own = (request: AnalysisRequest): string[] => [
    request.analysisId,
    request.userId,
    request.subjectDid,
    request.type,
    request.window,
    request.audience,
  ];
  return {
    begin: (request, { attempts, nowMs }) =>
      ended(request.analysisId, first(sql.begin, [...own(request), attempts, request.correlationId, new Date(nowMs)])),
    complete: (id, { answer, cached, durationMs, nowMs }) => {
      const score = answer.score?.score ?? null;
      const params = [id, cached, Math.max(0, Math.round(durationMs)), score, jsonbText(answer), new Date(nowMs)];
      return ended(id, first(sql.complete, params));
    },
    fail: (request, { code, attempts, nowMs }) => {
      const reason = [code, FAILURE_MESSAGES[code]];
      const params = [...own(request), attempts, request.correlationId, new Date(nowMs), ...reason];
      return ended(request.analysisId, first(sql.fail, params));
    },
  };
};

/** JSON that jsonb takes: a post's text may hold what Postgres does not, a zero character or half of a surrogate pair. */
const jsonbText = (value: unknown): string =>
  JSON.stringify(value, (_, each: unknown) =>
    typeof each === 'string' ? each.toWellFormed().replaceAll('\0', '\uFFFD') : each,
  );

interface Row {
  id: string;
  status: AnalysisRecord['status'];
  cached: boolean;
  attempts: number;
  duration_ms: number | null;
  score: number | null;
  error_code: string | null;
  error_message: string | null;
  finished_at: Date | null;
}

const fromRow = (row: Row): AnalysisRecord => ({
  id: row.id,
  status: row.status,
  cached: row.cached,
  attempts: row.attempts,
  durationMs: row.duration_ms ?? 0,
  score: row.score,
  errorCode: row.error_code ?? '',
  errorMessage: row.error_message ?? '',
  finishedAtMs: row.finished_at?.getTime() ?? 0,
});
