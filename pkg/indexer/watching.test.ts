import { describe, expect, test } from 'vitest';
import { createMetrics } from '#pkg/runtime/metrics.ts';
import { registerIndexerMetrics } from './metrics.ts';
import { Progress } from './progress.ts';
import { RateMeter } from './rates.ts';
import { dropReasons } from './records/types.ts';
import { catchUpOf, phaseOf } from './status.ts';

const nowMs = 1_700_000_000_000;
const link = { host: 'h', connected: true, sinceMs: nowMs, connections: 1, lastEnd: undefined };

describe('metrics', () => {
  const scrape = async (progress: Progress): Promise<string> => {
    const registry = createMetrics();
    registerIndexerMetrics(registry, progress, () => nowMs);
    // Twice: a counter that is set anew at each scrape must not add up.
    await registry.metrics();
    return await registry.metrics();
  };

  test('every reason and collection is there from zero', async () => {
    const text = await scrape(new Progress());
    for (const reason of dropReasons) expect(text).toContain(`skyflow_dropped_total{reason="${reason}"} 0\n`);
    expect(text).toContain('skyflow_operations_total{collection="post",operation="create"} 0\n');
    expect(text).toContain('skyflow_operations_total{collection="identity",operation=""} 0\n');
    expect(text).toContain('skyflow_store_stalled{reason="disk_full"} 0\n');
    expect(text).toMatch(/skyflow_lag_seconds nan/i);
  });

  test('they show what the progress holds at the moment of the scrape', async () => {
    const progress = new Progress();
    progress.events = 7;
    progress.durableUs = (nowMs - 2_500) * 1000;
    progress.operations.set('like/delete', 3);
    progress.stall = { sinceMs: nowMs, reason: 'unavailable', error: '' };
    const text = await scrape(progress);
    expect(text).toContain('skyflow_events_total 7\n');
    expect(text).toContain('skyflow_lag_seconds 2.5\n');
    expect(text).toContain('skyflow_operations_total{collection="like",operation="delete"} 3\n');
    expect(text).toContain('skyflow_store_stalled{reason="unavailable"} 1\n');
  });
});

describe('rates', () => {
  test('are over the last seconds, not since the start', () => {
    const progress = new Progress();
    const meter = new RateMeter(progress);
    for (let second = 0; second <= 30; second += 1) {
      meter.sample(nowMs + second * 1000);
      progress.events += second < 20 ? 10_000 : 50;
      progress.operations.set('post/create', second * 2);
      progress.operations.set('post/delete', second);
    }
    expect(meter.eventsPerSecond).toBeCloseTo(50);
    expect(meter.history()[5]).toBeCloseTo(10_000);
    expect(meter.collectionSeconds).toBe(15);
    expect(meter.collections()).toMatchObject([{ collection: 'post', perSecond: 3 }]);
  });

  test('know nothing before the second sample', () => {
    const meter = new RateMeter(new Progress());
    expect([meter.eventsPerSecond, meter.history(), meter.collections()]).toEqual([0, [], []]);
    meter.sample(nowMs);
    expect([meter.eventsPerSecond, meter.history()]).toEqual([0, []]);
  });

  test('remember a bounded time', () => {
    const meter = new RateMeter(new Progress());
    for (let second = 0; second < 1_000; second += 1) meter.sample(nowMs + second * 1000);
    expect(meter.history()).toHaveLength(120);
  });
});

describe('the phase', () => {
  test('names the worst thing first', () => {
    const progress = new Progress();
    expect(phaseOf(progress, nowMs)).toBe('starting');
    progress.events = 1;
    expect(phaseOf(progress, nowMs)).toBe('replaying');
    progress.link = link;
    expect(phaseOf(progress, nowMs)).toBe('catching up');
    progress.durableUs = nowMs * 1000;
    expect(phaseOf(progress, nowMs)).toBe('live');
    progress.link = { ...link, connected: false };
    expect(phaseOf(progress, nowMs)).toBe('offline');
    progress.stall = { sinceMs: nowMs, reason: 'disk_full', error: '' };
    expect(phaseOf(progress, nowMs)).toBe('stalled');
    progress.finished = true;
    expect(phaseOf(progress, nowMs)).toBe('finished');
  });
});

describe('catching up', () => {
  test('the time left accounts for what happens meanwhile', () => {
    const progress = new Progress();
    progress.link = link;
    progress.startedAtMs = nowMs - 10_000;
    progress.startedFromUs = (nowMs - 110_000) * 1000;
    progress.durableUs = (nowMs - 60_000) * 1000;
    // 50 s of the network in 10 s: 4 s are gained a second, so 60 s take 15.
    expect(catchUpOf(progress, nowMs)).toEqual({ done: 50_000_000, total: 110_000_000, etaSeconds: 15 });
  });

  test('is over when live, and unknown without a start', () => {
    const progress = new Progress();
    progress.link = link;
    expect(catchUpOf(progress, nowMs)).toBeNull();
    progress.startedFromUs = (nowMs - 50_000) * 1000;
    expect(catchUpOf(progress, nowMs)).toMatchObject({ done: 0, etaSeconds: null });
    progress.durableUs = nowMs * 1000;
    expect(catchUpOf(progress, nowMs)).toBeNull();
  });
});
