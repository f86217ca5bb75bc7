import { expect, test } from 'vitest';
import { runOutages } from './outage.ts';

/** The long form, with stores away for 30 s and frozen for 60 s: `node testing/crash/main.ts --stores`. */
test('stores that die, freeze and come back under load cost nothing but time', async () => {
  const result = await runOutages({
    awayMs: 3_000,
    floodStallMs: 3_000,
    floodFrames: 40_000,
    liveRate: 300,
    say: () => {},
  });
  expect(result.failure).toBe('');
  // Two batches of 2,000, a queue of 8,192 and what the sockets hold: not the log.
  expect(result.sentWhileFrozen).toBeLessThan(15_000);
  expect(result.peakRssMb).toBeLessThan(1_000);
}, 180_000);
