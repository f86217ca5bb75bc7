import { readSql } from '#pkg/clickhouse/query.ts';
import type { Querier } from '#pkg/postgres/client.ts';
import type { SubjectChoice } from './subject.ts';

/** What a row of `audit_log` tells of: an event, a message given up, a try to have it handled again. */
export type AuditKind = 'event' | 'dead_letter' | 'replay';

/** A row of `audit_log`. */
export interface AuditEntry {
  readonly id: string;
  readonly kind: AuditKind;
  readonly eventId: string;
  readonly subject: string;
  readonly aggregateId: string;
  readonly aggregateType: string;
  readonly correlationId: string;
  readonly causationId: string;
  readonly version: number;
  readonly occurredAt: Date | null;
  readonly recordedAt: Date;
  readonly bytes: Uint8Array;
  /** Of a dead letter that is still kept: its number, and how it died. */
  readonly letter: LetterOfEntry | null;
}

/** How a message died. */
export interface LetterOfEntry {
  readonly id: number;
  readonly durable: string;
  readonly attempts: number;
  readonly error: string;
}

/** Which rows are meant; what is left out does not matter. At least one is to be given. */
export interface AuditChoice {
  readonly correlationId?: string | undefined;
  readonly aggregateId?: string | undefined;
  readonly subject?: SubjectChoice | undefined;
  /** When the router's streams took them. */
  readonly sinceMs?: number | undefined;
  readonly limit: number;
}

interface Row {
  id: string;
  kind: AuditKind;
  event_id: string;
  subject: string;
  aggregate_id: string;
  aggregate_type: string;
  correlation_id: string;
  causation_id: string;
  version: number;
  occurred_at: Date | null;
  recorded_at: Date;
  bytes: Uint8Array;
  letter?: number | null;
  durable?: string | null;
  attempts?: number | null;
  error?: string | null;
}

const AUDIT = readSql(import.meta.url, 'sql/audit.sql');
const TRACE = readSql(import.meta.url, 'sql/trace.sql');
const CORRELATIONS = readSql(import.meta.url, 'sql/find-correlations.sql');

/** Rows of the audit log, newest first. */
export const readAudit = async (postgres: Querier, choice: AuditChoice): Promise<readonly AuditEntry[]> => {
  const { correlationId, aggregateId, subject, sinceMs, limit } = choice;
  const { rows } = await postgres.query<Row>(AUDIT, [
    correlationId ?? null,
    aggregateId ?? null,
    subject?.exact ?? null,
    subject?.prefix ?? null,
    sinceMs === undefined ? null : new Date(sinceMs),
    limit,
  ]);
  return rows.map(fromRow);
};

/** All that one request caused, in the order in which it happened, with how dead letters died. */
export const readRequest = async (
  postgres: Querier,
  correlationId: string,
  limit: number,
): Promise<readonly AuditEntry[]> => (await postgres.query<Row>(TRACE, [correlationId, limit])).rows.map(fromRow);

/**
 * The correlation ids that an id leads to, newest first and at most 100: of a request, an event, an analysis, or anything
 * else that events are about.
 */
export const findCorrelations = async (postgres: Querier, id: string): Promise<readonly string[]> => {
  const { rows } = await postgres.query<{ correlation_id: string }>(CORRELATIONS, [id]);
  return rows.map((row) => row.correlation_id);
};

const fromRow = (row: Row): AuditEntry => ({
  id: row.id,
  kind: row.kind,
  eventId: row.event_id,
  subject: row.subject,
  aggregateId: row.aggregate_id,
  aggregateType: row.aggregate_type,
  correlationId: row.correlation_id,
  causationId: row.causation_id,
  version: row.version,
  occurredAt: row.occurred_at,
  recordedAt: row.recorded_at,
  bytes: row.bytes,
  letter:
    row.letter === undefined || row.letter === null
      ? null
      : { id: row.letter, durable: row.durable ?? '', attempts: row.attempts ?? 0, error: row.error ?? '' },
});
