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
  extra.set('Skyflow-Error', oneLine(reason));
  extra.set('Skyflow-Durable', durable);
  extra.set('Skyflow-Attempts', String(attempts));
  extra.set('Skyflow-Stream-Sequence', String(streamSequence));
  // A memory stream counts from 1 again after a restart of the server.
  const incarnation = STREAMS[stream].storage === 'memory' ? `-${delivery.storedAtNs}` : '';
  const id = `dlq-${stream}-${durable}-${streamSequence}${incarnation}`;
  await js.publish(dlqSubject(subject), bytes, { headers: withMessageId(id, extra), timeout: TIMEOUT_MS });
}

function originalHeaders(original: MsgHdrs | undefined): MsgHdrs {
  const copy = headers();
  for (const key of original?.keys() ?? []) {
    const name = key.startsWith('Nats-') ? `Skyflow-Original-${key}` : key;
    for (const value of original?.values(key) ?? []) copy.append(name, value);
  }
  return copy;
}

/** A header is one line. */
function oneLine(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what must go
  return text.replace(/[\u0000-\u001F\u007F]+/g, ' ').slice(0, MAX_REASON_CHARS);
}
