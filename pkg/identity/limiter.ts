/** More is waiting than is reasonable; the caller should say 503 and try later. */
export class BusyError extends Error {
  override readonly name = 'BusyError';
  readonly retryable = true;
}

/** Runs at most so many at once, lets so many wait, and refuses the rest. */
export interface Limiter {
  /** @throws BusyError when too many wait already; else what `work` throws */
  run<T>(work: () => Promise<T>): Promise<T>;
}

/** `waiting` may be 0. First come, first served. */
export function createLimiter(limits: { readonly atOnce: number; readonly waiting: number }): Limiter {
  let running = 0;
  const queue: (() => void)[] = [];
  return {
    async run(work) {
      if (running < limits.atOnce) running += 1;
      else if (queue.length >= limits.waiting) throw new BusyError('too many are waiting');
      // Whoever ends hands its place on, so `running` stays as it is.
      else await new Promise<void>((resolve) => void queue.push(resolve));
      try {
        return await work();
      } finally {
        const next = queue.shift();
        if (next === undefined) running -= 1;
        else next();
      }
    },
  };
}
