import type { Logger } from 'pino';
import type { Clock } from '#pkg/runtime/clock.ts';
import type { ServingMetrics, Trouble } from './metrics.ts';

/** Notes that something failed. */
export type Report = (what: Trouble, error: unknown) => void;

/** At a thousand requests a second, Redis that is away would fill the log with one sentence. */
const LOG_EVERY_MS = 10_000;

const SENTENCES: Readonly<Record<Trouble, string>> = {
  ranking: 'a ranking could not be had',
  taste: "a viewer's taste could not be read; the feed is served as all have it",
  own_list: "a viewer's own order could not be kept; the feed is served as all have it",
  interactions: 'interactions could not be stored',
  token: 'a token could not be checked for its first use',
  request: 'a request failed',
};

/** Counts every failure, and logs one of a kind every 10 s. */
export function createReport(parts: { clock: Clock; log: Logger; metrics: Pick<ServingMetrics, 'troubles'> }): Report {
  const { clock, log, metrics } = parts;
  const loggedAtMs = new Map<Trouble, number>();
  return (what, error) => {
    metrics.troubles.inc(what);
    const nowMs = clock.nowMs();
    if (nowMs - (loggedAtMs.get(what) ?? -Infinity) < LOG_EVERY_MS) return;
    loggedAtMs.set(what, nowMs);
    log.warn({ err: error }, SENTENCES[what]);
  };
}
