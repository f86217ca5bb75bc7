/** What a handler says about a message. */
export type Outcome =
  | { readonly kind: 'ack' }
  | { readonly kind: 'retry'; readonly delayMs: number; readonly reason: string }
  | { readonly kind: 'dead'; readonly reason: string };

/** Done: never deliver it again. */
export const ack: Outcome = { kind: 'ack' };

/**
 * Deliver it again after `delayMs`. Counts as one of the three attempts: who only waits for another to finish should wait
 * inside the handler, where the message is kept from being delivered again.
 */
export function retry(delayMs: number, reason: string): Outcome {
  return { kind: 'retry', delayMs, reason };
}

/** It can never work: to the dead letters at once. */
export function dead(reason: string): Outcome {
  return { kind: 'dead', reason };
}
