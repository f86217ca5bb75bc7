import { Counter, Gauge, type Registry } from '#pkg/runtime/metrics.ts';
import type { Progress } from './progress.ts';
import { dropReasons } from './records/types.ts';
import { recordModules } from './records/modules.ts';

type Value = number | (() => Iterable<readonly [Record<string, string>, number]>);

interface MetricSpec {
  readonly kind: 'counter' | 'gauge';
  readonly name: `skyflow_${string}`;
  readonly help: string;
  readonly labelNames?: readonly string[];
  read(nowMs: number): Value;
}

const stallReasons = ['disk_full', 'unavailable'] as const;
const operationNames = ['create', 'update', 'delete'] as const;

/**
 * Registers the indexer's metrics. They are read from `progress` at each scrape, so indexing pays nothing for them. Every
 * label value that can occur is there from the start, at zero.
 */
export const registerIndexerMetrics = (registry: Registry, progress: Progress, nowMs: () => number): void => {
  for (const spec of metricSpecs(progress)) register(registry, spec, nowMs);
};

const metricSpecs = (progress: Progress): MetricSpec[] => [
  counter('skyflow_events_total', 'Frames taken from the source, whatever became of them.', () => progress.events),
  {
    kind: 'counter',
    name: 'skyflow_operations_total',
    help: 'Durable events by collection and operation; identity and account events have no operation.',
    labelNames: ['collection', 'operation'],
    read: () => () => operationCounts(progress),
  },
  {
    kind: 'counter',
    name: 'skyflow_dropped_total',
    help: 'Frames that were not indexed, by reason.',
    labelNames: ['reason'],
    read: () => () => dropReasons.map((reason) => [{ reason }, progress.dropped.get(reason) ?? 0] as const),
  },
  counter('skyflow_dead_letters_total', 'Frames and rows moved to the table dead_letters.', () => progress.dead),
  counter('skyflow_rows_total', 'Rows made durable.', () => progress.rows),
  counter('skyflow_flushes_total', 'Batches made durable.', () => progress.flushes),
  counter('skyflow_gaps_total', 'Intervals that could not be read, found since the start.', () => progress.gaps),
  gauge('skyflow_flush_seconds', 'How long the last batch took to become durable.', () => progress.lastFlushMs / 1000),
  gauge(
    'skyflow_lag_seconds',
    'How far the durable data is behind the present; NaN before the first batch.',
    (nowMs) => {
      const lagMs = progress.lagMs(nowMs);
      return lagMs === undefined ? Number.NaN : lagMs / 1000;
    },
  ),
  gauge(
    'skyflow_cursor_seconds',
    'Network time up to which all is durable, in seconds since 1970; 0 before the first batch.',
    () => progress.durableUs / 1e6,
  ),
  gauge('skyflow_connected', '1 while connected to a host.', () => (progress.link?.connected === true ? 1 : 0)),
  gauge('skyflow_caught_up', '1 while the index shows the present.', (nowMs) => (progress.caughtUp(nowMs) ? 1 : 0)),
  {
    kind: 'gauge',
    name: 'skyflow_store_stalled',
    help: '1 while a store does not take rows, by reason.',
    labelNames: ['reason'],
    read: () => () => stallReasons.map((reason) => [{ reason }, progress.stall?.reason === reason ? 1 : 0] as const),
  },
];

/** All known collections from zero, and whatever else was counted. */
const operationCounts = (progress: Progress): Iterable<readonly [Record<string, string>, number]> => {
  const names = recordModules.flatMap((module) => operationNames.map((operation) => `${module.name}/${operation}`));
  const counts = new Map([...names, 'identity', 'account', 'other'].map((name) => [name, 0]));
  for (const [name, count] of progress.operations) counts.set(name, count);
  return [...counts].map(([name, count]) => {
    const [collection = name, operation = ''] = name.split('/');
    return [{ collection, operation }, count] as const;
  });
};

const counter = (name: MetricSpec['name'], help: string, read: (nowMs: number) => number): MetricSpec => ({
  kind: 'counter',
  name,
  help,
  read,
});

const gauge = (name: MetricSpec['name'], help: string, read: (nowMs: number) => number): MetricSpec => ({
  kind: 'gauge',
  name,
  help,
  read,
});

const register = (registry: Registry, spec: MetricSpec, nowMs: () => number): void => {
  const { name, help } = spec;
  const base = { name, help, labelNames: [...(spec.labelNames ?? [])], registers: [registry] };
  if (spec.kind === 'counter') {
    const metric: Counter = new Counter({
      ...base,
      collect() {
        metric.reset();
        each(spec.read(nowMs()), (labels, value) => metric.inc(labels, value));
      },
    });
  } else {
    const metric: Gauge = new Gauge({
      ...base,
      collect() {
        each(spec.read(nowMs()), (labels, value) => metric.set(labels, value));
      },
    });
  }
};

const each = (value: Value, take: (labels: Record<string, string>, value: number) => void): void => {
  if (typeof value === 'number') take({}, value);
  else for (const [labels, count] of value()) take(labels, count);
};
