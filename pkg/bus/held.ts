import type { Delivery } from './delivery.ts';

/** A message that is being worked on. */
export interface Held {
  readonly key: string;
  /** The newest delivery of it: after a lost connection the server may send it again while we are still at it. */
  delivery: Delivery;
}

/** The same for all deliveries of one message, another for every other message of its durable. */
export function keyOf({ streamSequence, storedAtNs }: Delivery): string {
  return `${streamSequence}-${storedAtNs}`;
}
