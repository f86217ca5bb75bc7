import { type Clock, systemClock } from './clock.ts';

/** Resolves when the signal aborts; at once where it has. */
export function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
}

/**
 * What `work` comes to, unless `signal` aborts first: then it rejects at once with `reason(signal)`, by default the signal's own
 * reason. The work itself goes on; what it comes to is heard by nobody.
 */
export async function unlessAborted<T>(
  work: Promise<T>,
  signal: AbortSignal,
  reason: (signal: AbortSignal) => unknown = (given) => given.reason,
): Promise<T> {
  const { promise: gone, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(reason(signal));
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    return await Promise.race([work, gone]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** What `work` comes to within `ms`, or `late`. The timer keeps the process alive: work that hangs is still noticed. */
export async function orLate<T, Late>(
  work: Promise<T>,
  ms: number,
  late: Late,
  clock: Clock = systemClock,
): Promise<T | Late> {
  const done = new AbortController();
  const over = clock.sleep(ms, done.signal).then(() => late);
  // Ended early it rejects, when nobody looks any more.
  over.catch(() => undefined);
  try {
    return await Promise.race([work, over]);
  } finally {
    done.abort();
  }
}
