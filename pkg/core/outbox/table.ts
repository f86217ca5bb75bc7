import type { BusEvent } from '#pkg/bus/events.ts';
import type { Postgres, Querier } from '#pkg/postgres/client.ts';
import { coreSql } from '../store/sql.ts';

/** How long whoever writes or takes an event may take to publish it before another may. Above the publisher's 5 s. */
export const CLAIM_MS = 15_000;

/** Writes an event beside the change it tells. The writer has it in hand: it is the one to publish it at once. */
export async function insertEvent(tx: Querier, event: BusEvent, nowMs: number): Promise<void> {
  await tx.query(
    `INSERT INTO outbox (event_id, subject, correlation_id, bytes, created_at, claimed_until)
     VALUES ($1, $2, $3, $4, $5, $6)`,
    [event.eventId, event.subject, event.correlationId, event.bytes, new Date(nowMs), new Date(nowMs + CLAIM_MS)],
  );
}

const CLAIM = coreSql('claim');

/** Takes at most `limit` events in hand for `CLAIM_MS`, those that have waited longest. */
export async function claimEvents(postgres: Postgres, nowMs: number, limit: number): Promise<BusEvent[]> {
  const { rows } = await postgres.query<{
    event_id: string;
    subject: string;
    correlation_id: string;
    bytes: Uint8Array;
  }>(CLAIM, [new Date(nowMs), new Date(nowMs + CLAIM_MS), limit]);
  return rows.map((row) => ({
    eventId: row.event_id,
    subject: row.subject,
    correlationId: row.correlation_id,
    bytes: row.bytes,
  }));
}

/** Ends the work on events that the bus has. */
export async function markPublished(postgres: Postgres, eventIds: readonly string[], nowMs: number): Promise<void> {
  if (eventIds.length === 0) return;
  await postgres.query('UPDATE outbox SET published_at = $2 WHERE event_id = ANY($1::uuid[])', [
    eventIds,
    new Date(nowMs),
  ]);
}

/** Lets others, or ourselves, have events again from `untilMs` on. */
export async function releaseEvents(postgres: Postgres, eventIds: readonly string[], untilMs: number): Promise<void> {
  if (eventIds.length === 0) return;
  await postgres.query(
    'UPDATE outbox SET claimed_until = $2 WHERE event_id = ANY($1::uuid[]) AND published_at IS NULL',
    [eventIds, new Date(untilMs)],
  );
}

const FORGET = coreSql('forget');

/** Deletes at most `limit` events that were published before `beforeMs`. */
export async function forgetPublished(postgres: Postgres, beforeMs: number, limit: number): Promise<void> {
  await postgres.query(FORGET, [new Date(beforeMs), limit]);
}

/** How many events wait, and since when the oldest does (ms since 1970; undefined: none does). */
export async function pendingEvents(postgres: Postgres): Promise<{ count: number; oldestMs: number | undefined }> {
  const { rows } = await postgres.query<{ count: number; oldest: Date | null }>(
    'SELECT count(*) AS count, min(created_at) AS oldest FROM outbox WHERE published_at IS NULL',
  );
  return { count: rows[0]?.count ?? 0, oldestMs: rows[0]?.oldest?.getTime() };
}
