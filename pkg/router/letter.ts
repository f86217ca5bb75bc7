import { createHash } from 'node:crypto';
import type { RawMessage } from '#pkg/bus/consume-raw.ts';
import { anyRow, type MessageRow, storable } from './row.ts';

/** A row of `dlq_events`, with what `audit_log` says of the same message. `id` is the message's. */
export interface LetterRow extends MessageRow {
  /** The consumer that gave up. */
  readonly durable: string;
  readonly attempts: number;
  readonly error: string;
  /** As they came; a name that was given several times has its last value. */
  readonly headers: Readonly<Record<string, string>>;
}

const PREFIX = 'dlq.';
const MAX_INT4 = 2_147_483_647;
const MAX_HEADERS = 100;

/**
 * Reads a message of the stream DLQ. Never fails: whatever lies there is kept.
 *
 * Its id is made of the message's own and of its bytes. Its own alone is the place that the original had in its stream,
 * and a stream that was made anew counts from 1 again; with the bytes, the same letter published twice is still one.
 */
export const letterRow = (message: RawMessage): LetterRow => {
  const { headers, subject, bytes, streamSequence, storedAtMs } = message;
  const own = headers.get('Nats-Msg-Id') ?? `dlq-${streamSequence}-${storedAtMs}`;
  const id = `${storable(own, 200)}-${createHash('sha256').update(bytes).digest('hex').slice(0, 12)}`;
  const original = subject.startsWith(PREFIX) ? subject.slice(PREFIX.length) : subject;
  const row = anyRow(id, { ...message, subject: original });
  const attempts = Number(headers.get('Skyflow-Attempts') ?? '0');
  return {
    ...row,
    correlationId: row.correlationId === '' ? correlationOf(headers) : row.correlationId,
    durable: storable(headers.get('Skyflow-Durable') ?? '', 64),
    attempts: Number.isInteger(attempts) && attempts >= 0 && attempts <= MAX_INT4 ? attempts : 0,
    error: storable(headers.get('Skyflow-Error') ?? '', 1000),
    headers: Object.fromEntries(
      [...headers].slice(0, MAX_HEADERS).map(([name, value]) => [storable(name, 256), storable(value, 4096)]),
    ),
  };
};

/** The publisher says it beside the bytes, too: of a broken envelope it is all that leads to the request. */
const correlationOf = (headers: RawMessage['headers']): string =>
  storable(headers.get('Skyflow-Correlation-Id') ?? '', 128);

/** Headers that tell of the death and not of the message, and those that the server itself acts upon. */
const OF_THE_DEATH = /^(?:nats-|skyflow-(?:error|durable|attempts|stream-sequence|original-|replay-of))/i;

/** The headers under which a dead letter is published again. */
export const replayHeaders = (id: number, headers: Readonly<Record<string, string>>): ReadonlyMap<string, string> =>
  new Map([...Object.entries(headers).filter(([name]) => !OF_THE_DEATH.test(name)), ['Skyflow-Replay-Of', String(id)]]);
