import { LENSES, type Lens } from '#pkg/contracts/lens.ts';
import { type ClosedCounter, createClosedCounter, Gauge, Histogram, type Registry } from '#pkg/runtime/metrics.ts';

/** How an analysis ended: computed for this request, answered from another's computation, or failed for good. */
const RESULTS = ['computed', 'cached', 'failed'] as const;
/** What a look into the cache found; `away`: Redis did not answer. */
const LOOKS = ['hit', 'miss', 'stale', 'damaged', 'away'] as const;

export type CacheLook = (typeof LOOKS)[number];

export interface TimelineMetrics {
  readonly ended: ClosedCounter<(typeof RESULTS)[number]>;
  readonly looks: ClosedCounter<CacheLook>;
  /** Times one computation of a lens; counts it as under way until `end` is called. */
  computing(lens: Lens): { end(): void };
}

export const timelineMetrics = (registry: Registry): TimelineMetrics => {
  const seconds = new Histogram({
    name: 'skyflow_timeline_compute_seconds',
    help: 'Time to compute a lens, failed ones included.',
    labelNames: ['lens'] as const,
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [registry],
  });
  for (const lens of LENSES) seconds.zero({ lens });
  const underWay = new Gauge({
    name: 'skyflow_timeline_computing',
    help: 'Lenses being computed.',
    registers: [registry],
  });
  return {
    ended: createClosedCounter(registry, {
      name: 'skyflow_timeline_analyses_total',
      help: 'Analyses that ended, by how. A redelivered one counts again.',
      label: 'result',
      values: RESULTS,
    }),
    looks: createClosedCounter(registry, {
      name: 'skyflow_timeline_cache_total',
      help: 'Looks into the cache of answers, by what was found.',
      label: 'result',
      values: LOOKS,
    }),
    computing(lens) {
      underWay.inc();
      const end = seconds.startTimer({ lens });
      return {
        end() {
          underWay.dec();
          end();
        },
      };
    },
  };
};
