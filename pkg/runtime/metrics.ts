import { collectDefaultMetrics, Counter, Registry } from 'prom-client';

export { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** A fresh registry with Node's own process metrics. Ours are named `skyflow_*`, in base units (seconds, bytes). */
export function createMetrics(): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return registry;
}

/** A counter over one label whose values are known beforehand. */
export interface ClosedCounter<V extends string> {
  inc(value: V, by?: number): void;
}

/** Registers a counter with every label value at zero, so that a rate over a reason that never occurred is 0, not absent. */
export function createClosedCounter<V extends string>(
  registry: Registry,
  options: { name: `skyflow_${string}_total`; help: string; label: string; values: readonly V[] },
): ClosedCounter<V> {
  const { name, help, label, values } = options;
  const counter = new Counter({ name, help, labelNames: [label], registers: [registry] });
  const children = new Map<V, Counter.Internal>(values.map((value) => [value, counter.labels(value)]));
  for (const child of children.values()) child.inc(0);
  return {
    inc(value, by = 1) {
      const child = children.get(value);
      if (child === undefined) throw new Error(`${value} is not one of the values that ${name} was registered with`);
      child.inc(by);
    },
  };
}
