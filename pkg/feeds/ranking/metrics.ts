import { createClosedCounter, Histogram, type Registry } from '#pkg/runtime/metrics.ts';
import { type Feed, FILTERS, type RankingReport } from '../feed.ts';

const ORIGINS: readonly Feed['origin'][] = ['skyflow', 'operator'];

/** Told of each ranking that was made, whoever it was for. */
export interface RankerMetrics {
  made(feed: Feed, report: RankingReport): void;
}

/** Registers how long rankings take and what they drop. */
export const rankerMetrics = (registry: Registry): RankerMetrics => {
  const seconds = new Histogram({
    name: 'skyflow_feed_ranking_seconds',
    help: 'Time to make a ranking, by whose feed it is. Failed ones are not among them.',
    labelNames: ['origin'] as const,
    buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registers: [registry],
  });
  for (const origin of ORIGINS) seconds.zero({ origin });
  const dropped = createClosedCounter(registry, {
    name: 'skyflow_feed_dropped_posts_total',
    help: 'Posts that a statement returned and a ranking does not have, by the filter that dropped them.',
    label: 'reason',
    values: FILTERS,
  });
  return {
    made(feed, report) {
      seconds.observe({ origin: feed.origin }, report.tookMs / 1000);
      for (const filter of FILTERS) if (report.dropped[filter] > 0) dropped.inc(filter, report.dropped[filter]);
    },
  };
};
