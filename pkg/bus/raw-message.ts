import type { Delivery } from './delivery.ts';
import { attemptOf } from './reading.ts';

/** A message of a stream as it stands there. */
export interface RawMessage {
  subject: string;
  bytes: Uint8Array;
  /** Of a header that stands there more than once, the first. */
  headers: ReadonlyMap<string, string>;
  /** Its place in the stream. */
  streamSequence: number;
  /** When the stream took it, ms since 1970. */
  storedAtMs: number;
  /** 1, 2 or 3: deliveries. Where nothing is ever dead it stays 3. */
  attempt: number;
}

/** A delivery as a raw message. */
export function readRaw(delivery: Delivery): RawMessage {
  const { subject, bytes, streamSequence, storedAtNs, headers } = delivery;
  const pairs = [...(headers ?? [])].map(([name, values]) => [name, values[0] ?? ''] as const);
  // As text: so many nanoseconds are no exact number.
  const storedAtMs = Number(storedAtNs.slice(0, -6));
  return { subject, bytes, headers: new Map(pairs), streamSequence, storedAtMs, attempt: attemptOf(delivery) };
}
