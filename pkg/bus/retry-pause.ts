/** Pauses after an attempt that threw, before the second and the third. A quarter more or less, so that failures spread. */
const RETRY_MS = [2_000, 10_000] as const;

/** How long to wait after an attempt (1, 2, ...) that threw. */
export function pauseAfter(attempt: number): number {
  return spread(RETRY_MS[attempt - 1] ?? RETRY_MS[1]);
}

const LONGEST_MS = 60_000;

/** The same where there is no last attempt: doubled each time, up to a minute. */
export function growingPauseAfter(attempt: number): number {
  return Math.min(LONGEST_MS, spread(1_000 * 2 ** Math.min(attempt - 1, 10)));
}

function spread(ms: number): number {
  return ms * (0.75 + Math.random() / 2);
}
