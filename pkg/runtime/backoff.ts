import type { Clock } from '#pkg/runtime/clock.ts';

/** What `backoff` needs. `random` returns a number in [0, 1); it defaults to Math.random. */
export interface BackoffOptions {
  minMs: number;
  maxMs: number;
  clock: Clock;
  random?: () => number;
}

/** Waits between tries: longer after each failure, never in step with others who failed at the same moment. */
export interface Backoff {
  /** Sleeps for the next pause and resolves to its length in milliseconds. Rejects with an AbortError when aborted. */
  next(signal?: AbortSignal): Promise<number>;
  /** Call after a success: the next pause is short again. */
  reset(): void;
  /** How many pauses were taken since the last reset. */
  readonly attempts: number;
}

/**
 * Exponential backoff with full jitter: the n-th pause is uniform between `minMs` and min(maxMs, minMs * 2^n).
 * Uniform over the whole range, because clients that doubled in lockstep would return in lockstep.
 */
export function backoff(options: BackoffOptions): Backoff {
  const { minMs, maxMs, clock, random = Math.random } = options;
  let attempts = 0;
  return {
    get attempts() {
      return attempts;
    },
    async next(signal) {
      // The exponent is capped: 2 ** 1100 is Infinity, and Infinity * 0 is NaN.
      const ceilingMs = Math.min(maxMs, minMs * 2 ** Math.min(attempts + 1, 40));
      attempts += 1;
      const pauseMs = Math.round(minMs + random() * Math.max(0, ceilingMs - minMs));
      await clock.sleep(pauseMs, signal);
      return pauseMs;
    },
    reset() {
      attempts = 0;
    },
  };
}
