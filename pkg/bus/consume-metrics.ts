import { Counter, Histogram, type Registry } from '#pkg/runtime/metrics.ts';

/** How handling a message ended: for good, to be repeated, or as a dead letter. */
export const STATUSES = ['success', 'failed', 'dlq'] as const;
export type Status = (typeof STATUSES)[number];

/** Counts and times what consumers do. Subjects outside the table count as `other`. */
export interface ConsumeMetrics {
  record(subject: string, status: Status, seconds: number): void;
}

const OTHER = 'other';

/**
 * The two metrics, shared by all consumers of a process; each adds its subjects, at zero. Without a registry nothing is
 * counted.
 */
export function consumeMetrics(registry: Registry | undefined, subjects: readonly string[]): ConsumeMetrics {
  if (registry === undefined) return { record: () => undefined };
  const { processed, duration } = metricsOf(registry);
  for (const subject of [...subjects, OTHER]) {
    for (const status of STATUSES) processed.inc({ subject, status }, 0);
    duration.zero({ subject });
  }
  return {
    record(subject, status, seconds) {
      const label = subjects.includes(subject) ? subject : OTHER;
      processed.inc({ subject: label, status });
      duration.observe({ subject: label }, seconds);
    },
  };
}

interface Metrics {
  processed: Counter<'subject' | 'status'>;
  duration: Histogram<'subject'>;
}

const byRegistry = new WeakMap<Registry, Metrics>();

function metricsOf(registry: Registry): Metrics {
  const known = byRegistry.get(registry);
  if (known !== undefined) return known;
  const metrics = {
    processed: new Counter({
      name: 'events_processed_total',
      help: 'Deliveries of events by how handling them ended.',
      labelNames: ['subject', 'status'] as const,
      registers: [registry],
    }),
    duration: new Histogram({
      name: 'events_processing_duration_seconds',
      help: 'Time from the delivery of an event to the end of its handling.',
      labelNames: ['subject'] as const,
      buckets: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
      registers: [registry],
    }),
  };
  byRegistry.set(registry, metrics);
  return metrics;
}
