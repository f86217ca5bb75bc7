import type { RawMessage } from '#pkg/bus/consume-raw.ts';
import { type Envelope, readEnvelope } from '#pkg/bus/events.ts';

/** A row of `audit_log` that tells of a message. Times in ms since 1970. */
export interface MessageRow {
  readonly id: string;
  /** Empty where the bytes do not say, as all texts here. */
  readonly eventId: string;
  readonly subject: string;
  readonly aggregateId: string;
  readonly aggregateType: string;
  readonly correlationId: string;
  readonly causationId: string;
  readonly version: number;
  /** Null where the event does not say, or says nonsense. */
  readonly occurredAtMs: number | null;
  readonly recordedAtMs: number;
  readonly bytes: Uint8Array;
}

/** A row, or why there can be none. */
export type Read = { readonly ok: true; readonly row: MessageRow } | { readonly ok: false; readonly reason: string };

/** What the columns hold, in characters. */
export const LIMITS = {
  eventId: 128,
  subject: 256,
  aggregateId: 2048,
  aggregateType: 64,
  correlationId: 128,
  causationId: 128,
} as const;

type Column = keyof typeof LIMITS;

/** Years that Postgres, Date and people can all read: 1970 to 9999. */
const MAX_TIME_MS = 253_402_300_799_999;

/** Reads an event of a stream: its type may be unknown and its version newer, but it has an envelope with an id. */
export const eventRow = (message: RawMessage): Read => {
  const envelope = readEnvelope(message.bytes);
  if (envelope === undefined) return { ok: false, reason: 'undecodable: it has no envelope with an event_id' };
  const row = { ...columnsOf(message, envelope), id: envelope.eventId };
  for (const column of Object.keys(LIMITS) as Column[]) {
    const fault = faultOf(row[column], LIMITS[column]);
    if (fault !== undefined) return { ok: false, reason: `undecodable: its ${snakeCase(column)} ${fault}` };
  }
  return { ok: true, row };
};

/** The same columns of a message that may hold anything: what does not fit is cut, what cannot be read is empty. */
export const anyRow = (id: string, message: RawMessage): MessageRow => {
  const columns = columnsOf(message, readEnvelope(message.bytes));
  const fitting = Object.fromEntries(
    (Object.keys(LIMITS) as Column[]).map((column) => [column, storable(columns[column], LIMITS[column])]),
  ) as Record<Column, string>;
  return { ...columns, ...fitting, id };
};

/** Text that Postgres takes: without NUL, of at most `limit` characters. */
export const storable = (text: string, limit: number): string =>
  text.replaceAll('\0', '').slice(0, limit).toWellFormed();

const columnsOf = (
  { subject, bytes, storedAtMs }: RawMessage,
  envelope: Envelope | undefined,
): Omit<MessageRow, 'id'> => ({
  eventId: envelope?.eventId ?? '',
  subject,
  aggregateId: envelope?.aggregateId ?? '',
  aggregateType: envelope?.aggregateType ?? '',
  correlationId: envelope?.correlationId ?? '',
  causationId: envelope?.causationId ?? '',
  version: envelope?.version ?? 0,
  occurredAtMs: timeOf(envelope?.timestampMs),
  recordedAtMs: storedAtMs,
  bytes,
});

const timeOf = (ms: number | undefined): number | null => (ms !== undefined && ms > 0 && ms <= MAX_TIME_MS ? ms : null);

const faultOf = (text: string, limit: number): string | undefined => {
  if (text.includes('\0')) return 'holds a NUL';
  return text.length > limit ? `is longer than ${limit} characters` : undefined;
};

const snakeCase = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
