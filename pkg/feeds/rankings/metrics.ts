import { Counter, Gauge, type Registry } from '#pkg/runtime/metrics.ts';
import type { FeedHealth } from '../parts.ts';

/** A shared feed, as its metrics see it. */
export type FeedFigures = Pick<FeedHealth, 'rkey' | 'rankedAtMs'> & {
  /** Since the start. */
  readonly allFailures: number;
};

/** Registers how fresh each shared feed is. Read at each scrape: a feed that is gone leaves no figures behind. */
export const registerRankingsMetrics = (
  registry: Registry,
  nowMs: () => number,
  read: () => readonly FeedFigures[],
): void => {
  const labelNames = ['feed'] as const;
  const age: Gauge<'feed'> = new Gauge({
    name: 'skyflow_feed_ranking_age_seconds',
    help: 'Age of the ranking that a shared feed serves; NaN before the first one.',
    labelNames,
    registers: [registry],
    collect() {
      age.reset();
      for (const { rkey, rankedAtMs } of read())
        age.set({ feed: rkey }, rankedAtMs === undefined ? Number.NaN : (nowMs() - rankedAtMs) / 1000);
    },
  });
  const failures: Counter<'feed'> = new Counter({
    name: 'skyflow_feed_ranking_failures_total',
    help: 'Rankings of shared feeds that could not be made.',
    labelNames,
    registers: [registry],
    collect() {
      failures.reset();
      for (const { rkey, allFailures } of read()) failures.inc({ feed: rkey }, allFailures);
    },
  });
};
