import { readSql } from '#pkg/clickhouse/query.ts';
import type { Querier } from '#pkg/postgres/client.ts';
import type { SubjectChoice } from './subject.ts';

/** A dead letter in a list. */
export interface DeadLetter {
  readonly id: number;
  readonly eventId: string;
  readonly correlationId: string;
  readonly subject: string;
  readonly durable: string;
  readonly attempts: number;
  readonly error: string;
  readonly bytes: number;
  readonly createdAt: Date;
  readonly retryCount: number;
  readonly lastRetryAt: Date | null;
}

/** A dead letter with all that is kept of it. */
export interface WholeDeadLetter extends DeadLetter {
  readonly messageId: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly data: Uint8Array;
}

interface Row {
  id: number;
  event_id: string;
  correlation_id: string;
  subject: string;
  durable: string;
  attempts: number;
  error: string;
  created_at: Date;
  retry_count: number;
  last_retry_at: Date | null;
}

const LIST = readSql(import.meta.url, 'sql/dead-letters.sql');
const ONE = readSql(import.meta.url, 'sql/dead-letter.sql');

/** The newest dead letters, newest first, and how many there are in all. `sinceMs`: of when they died. */
export const listDeadLetters = async (
  postgres: Querier,
  choice: { readonly subject: SubjectChoice; readonly sinceMs?: number | undefined; readonly limit: number },
): Promise<{ readonly letters: readonly DeadLetter[]; readonly total: number }> => {
  const { subject, sinceMs, limit } = choice;
  const since = sinceMs === undefined ? null : new Date(sinceMs);
  const values = [subject.exact ?? null, subject.prefix ?? null, since, limit];
  const { rows } = await postgres.query<Row & { size: number; total: number }>(LIST, values);
  return { letters: rows.map((row) => fromRow(row, row.size)), total: rows[0]?.total ?? 0 };
};

/** The dead letter of this number, or the newest one of the event with this id. */
export const findDeadLetter = async (postgres: Querier, id: string): Promise<WholeDeadLetter | undefined> => {
  const number = /^\d{1,15}$/.test(id) ? Number(id) : null;
  const { rows } = await postgres.query<
    Row & { message_id: string; headers: Record<string, string>; data: Uint8Array }
  >(ONE, [number, id.replaceAll('\0', '')]);
  const [row] = rows;
  if (row === undefined) return undefined;
  return {
    ...fromRow(row, row.data.length),
    messageId: row.message_id,
    headers: row.headers,
    data: row.data,
  };
};

const fromRow = (row: Row, bytes: number): DeadLetter => ({
  id: row.id,
  eventId: row.event_id,
  correlationId: row.correlation_id,
  subject: row.subject,
  durable: row.durable,
  attempts: row.attempts,
  error: row.error,
  bytes,
  createdAt: row.created_at,
  retryCount: row.retry_count,
  lastRetryAt: row.last_retry_at,
});
