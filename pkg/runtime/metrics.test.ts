import { expect, test } from 'vitest';
import { createClosedCounter, createMetrics } from '#pkg/runtime/metrics.ts';

test('a registry carries process metrics, and two registries do not clash', async () => {
  const [first, second] = [createMetrics(), createMetrics()];
  expect(await first.metrics()).toContain('process_resident_memory_bytes');
  expect(await second.metrics()).toContain('nodejs_eventloop_lag_seconds');
});

test('a closed counter shows every value at zero, and refuses others', async () => {
  const registry = createMetrics();
  const drops = createClosedCounter(registry, {
    name: 'skyflow_drops_total',
    help: 'Dropped events by reason',
    label: 'reason',
    values: ['bad_json', 'too_big'],
  });
  drops.inc('too_big', 3);
  const text = await registry.metrics();
  expect(text).toContain('skyflow_drops_total{reason="bad_json"} 0');
  expect(text).toContain('skyflow_drops_total{reason="too_big"} 3');
  // @ts-expect-error a label value outside the closed list does not compile
  expect(() => drops.inc('other')).toThrow('other');
});
