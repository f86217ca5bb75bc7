import type { Clock } from '#pkg/runtime/clock.ts';

/** How long a handler may take to notice that its signal aborted, before it is left behind. */
const ABANDON_MS = 2_000;

/** How long work may take. */
export interface TimeLimit {
  ms: number;
  clock: Clock;
  /** Aborts when the time is over. */
  abort: AbortController;
}

/** Rejects when `work` takes longer than it may: its signal aborts, and a little later it is left behind. */
export async function within<T>(work: () => Promise<T>, { ms, clock, abort }: TimeLimit): Promise<T> {
  const done = new AbortController();
  const abandoned = (async () => {
    await clock.sleep(ms, done.signal);
    const error = new DOMException(lateness(ms), 'TimeoutError');
    abort.abort(error);
    await clock.sleep(ABANDON_MS, done.signal);
    throw error;
  })();
  // After the race its AbortError concerns nobody.
  abandoned.catch(() => undefined);
  try {
    return await Promise.race([work(), abandoned]);
  } finally {
    done.abort();
  }
}

/** What is said of work that took too long. */
export function lateness(ms: number): string {
  return `no answer within ${ms} ms`;
}
