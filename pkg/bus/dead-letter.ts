import { headers, type MsgHdrs } from '@nats-io/transport-node';
import type { Bus } from './client.ts';
import type { Delivery } from './delivery.ts';
import { withMessageId } from './message-id.ts';
import { type DurableSpec, STREAMS } from './stream-table.ts';
import { dlqSubject } from './subjects.ts';

/** Why a message is a dead letter, after how many attempts. */
export interface Death {
  reason: string;
  attempts: number;
}

/** Why a message is dead whose attempts nobody saw the end of. */
export function unfinished(attempts: number): Death {
  return {
    reason: `not finished in ${attempts} attempts: each time the process ended or lost the connection`,
    attempts,
  };
}

/** The headers of a dead letter that say what happened. The original's own stand beside them. */
export const DEAD_LETTER_HEADERS = {
  /** Why, in one line. */
  error: 'Skyflow-Error',
  /** The durable whose handler it was. */
  durable: 'Skyflow-Durable',
  /** How many deliveries there were, at most 3. */
  attempts: 'Skyflow-Attempts',
  /** The original's place in its stream. */
  streamSequence: 'Skyflow-Stream-Sequence',
  /** The id under which the original was published. */
  messageId: 'Skyflow-Original-Nats-Msg-Id',
} as const;

/** Before the names of the original's headers that belong to the server. */
const ORIGINAL = 'Skyflow-Original-';

const TIMEOUT_MS = 5_000;
const MAX_REASON_CHARS = 1_000;

/**
 * Publishes the message's own bytes to the dead letters. Safe to repeat: the id is made of stream, durable and sequence.
 * The original headers go along; the server's own (`Nats-*`), which would act again, as `Skyflow-Original-*`.
 */
export async function publishDeadLetter(
  { js }: Pick<Bus, 'js'>,
  { stream, durable }: DurableSpec,
  delivery: Delivery,
  { reason, attempts }: Death,
): Promise<void> {
  const { subject, bytes, streamSequence } = delivery;
  const extra = originalHeaders(delivery.headers);
  extra.set(DEAD_LETTER_HEADERS.error, oneLine(reason));
  extra.set(DEAD_LETTER_HEADERS.durable, durable);
  extra.set(DEAD_LETTER_HEADERS.attempts, String(attempts));
  extra.set(DEAD_LETTER_HEADERS.streamSequence, String(streamSequence));
  // A memory stream counts from 1 again after a restart of the server.
  const incarnation = STREAMS[stream].storage === 'memory' ? `-${delivery.storedAtNs}` : '';
  const id = `dlq-${stream}-${durable}-${streamSequence}${incarnation}`;
  await js.publish(dlqSubject(subject), bytes, { headers: withMessageId(id, extra), timeout: TIMEOUT_MS });
}

function originalHeaders(original: MsgHdrs | undefined): MsgHdrs {
  const copy = headers();
  for (const key of original?.keys() ?? []) {
    const name = key.startsWith('Nats-') ? `${ORIGINAL}${key}` : key;
    for (const value of original?.values(key) ?? []) copy.append(name, value);
  }
  return copy;
}

/** A header is one line. */
function oneLine(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what must go
  return text.replace(/[\u0000-\u001F\u007F]+/g, ' ').slice(0, MAX_REASON_CHARS);
}
