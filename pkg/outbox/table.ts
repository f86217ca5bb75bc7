import { readFileSync } from 'node:fs';
import type { BusEvent } from '#pkg/bus/events.ts';
import type { Postgres, Querier } from '#pkg/postgres/client.ts';
import type { Statement } from '#pkg/postgres/together.ts';

/** How long whoever writes or takes an event may take to publish it before another may. Above the publisher's 5 s. */
export const CLAIM_MS = 15_000;

const sql = (name: string): string => readFileSync(new URL(`sql/${name}.sql`, import.meta.url), 'utf8');
const INSERT = sql('insert');
const CLAIM = sql('claim');
const DELETE = sql('delete');
const SET_CLAIMS = sql('set-claims');
const PENDING = sql('pending');
const VACUUM = sql('vacuum');

/**
 * Writes events beside the change they tell, in one statement however many. The writer has them in hand: after the commit
 * it is the one to offer them to its relay.
 */
export async function insertEvents(tx: Querier, events: readonly BusEvent[], nowMs: number): Promise<void> {
  if (events.length === 0) return;
  const { text, params } = insertion(events, nowMs);
  await tx.query(text, params);
}

/** The statement of `insertEvents`, to be run with others. */
export function insertion(events: readonly BusEvent[], nowMs: number): Statement {
  const params = [
    events.map(({ eventId }) => eventId),
    events.map(({ subject }) => subject),
    events.map(({ correlationId }) => correlationId),
    events.map(({ bytes }) => bytes),
    new Date(nowMs),
    new Date(nowMs + CLAIM_MS),
  ];
  return { text: INSERT, params };
}

/** An event that a relay has in hand. */
export interface InHand {
  readonly event: BusEvent;
  /** When it was written, ms since 1970. */
  readonly writtenAtMs: number;
  /** From then on another relay may take it, ms since 1970. */
  readonly claimedUntilMs: number;
}

/** Takes at most `limit` events in hand for `CLAIM_MS`, those that have waited longest. */
export async function claimEvents(postgres: Postgres, nowMs: number, limit: number): Promise<InHand[]> {
  const claimedUntilMs = nowMs + CLAIM_MS;
  const { rows } = await postgres.query<{
    event_id: string;
    subject: string;
    correlation_id: string;
    bytes: Uint8Array;
    created_at: Date;
  }>(CLAIM, [new Date(nowMs), new Date(claimedUntilMs), limit]);
  return rows.map((row) => ({
    event: { eventId: row.event_id, subject: row.subject, correlationId: row.correlation_id, bytes: row.bytes },
    writtenAtMs: row.created_at.getTime(),
    claimedUntilMs,
  }));
}

/** Ends the work on events that the bus has. */
export async function deleteEvents(postgres: Postgres, eventIds: readonly string[]): Promise<void> {
  if (eventIds.length > 0) await postgres.query(DELETE, [eventIds]);
}

/** Says from when on others, or ourselves, may have events again: `untilMs`. */
export async function setClaims(postgres: Postgres, eventIds: readonly string[], untilMs: number): Promise<void> {
  if (eventIds.length > 0) await postgres.query(SET_CLAIMS, [eventIds, new Date(untilMs)]);
}

/** How many events there are, and when the oldest was written (ms since 1970; undefined: there is none). */
export async function pendingEvents(postgres: Postgres): Promise<{ count: number; oldestMs: number | undefined }> {
  const { rows } = await postgres.query<{ count: number; oldest: Date | null }>(PENDING);
  return { count: rows[0]?.count ?? 0, oldestMs: rows[0]?.oldest?.getTime() };
}

/** Gives the room of deleted events back, where nobody else does: a server sees to that itself, the embedded Postgres has no one for it. */
export async function vacuum(postgres: Postgres): Promise<void> {
  if (postgres.embedded) await postgres.query(VACUUM);
}
