import { readSql } from '#pkg/clickhouse/query.ts';
import type { Querier } from '#pkg/postgres/client.ts';
import type { LetterRow } from './letter.ts';
import type { MessageRow } from './row.ts';

const INSERT_EVENTS = readSql(import.meta.url, 'sql/insert-events.sql');
const INSERT_LETTERS = readSql(import.meta.url, 'sql/insert-dead-letters.sql');

/** Writes events into `audit_log`, each once, whatever number of times it is written: one statement. */
export const writeEvents = async (postgres: Querier, rows: readonly MessageRow[]): Promise<void> => {
  if (rows.length === 0) return;
  await postgres.query(INSERT_EVENTS, [
    rows.map((row) => row.id),
    rows.map((row) => row.subject),
    rows.map((row) => row.aggregateId),
    rows.map((row) => row.aggregateType),
    rows.map((row) => row.correlationId),
    rows.map((row) => row.causationId),
    rows.map((row) => row.version),
    rows.map((row) => row.occurredAtMs),
    rows.map((row) => row.recordedAtMs),
    rows.map(hexOf),
  ]);
};

/** Writes dead letters into `dlq_events` and `audit_log`, each once, both or neither: one statement. */
export const writeLetters = async (postgres: Querier, rows: readonly LetterRow[]): Promise<void> => {
  if (rows.length === 0) return;
  await postgres.query(INSERT_LETTERS, [
    rows.map((row) => row.id),
    rows.map((row) => row.eventId),
    rows.map((row) => row.subject),
    rows.map((row) => row.aggregateId),
    rows.map((row) => row.aggregateType),
    rows.map((row) => row.correlationId),
    rows.map((row) => row.causationId),
    rows.map((row) => row.version),
    rows.map((row) => row.occurredAtMs),
    rows.map((row) => row.recordedAtMs),
    rows.map(hexOf),
    rows.map((row) => row.durable),
    rows.map((row) => row.attempts),
    rows.map((row) => row.error),
    rows.map((row) => JSON.stringify(row.headers)),
  ]);
};

/** As text: the embedded Postgres takes lists of texts in half the time that it needs for lists of bytes. */
const hexOf = ({ bytes }: MessageRow): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
