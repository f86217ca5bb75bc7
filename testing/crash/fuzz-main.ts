import { parseArgs } from 'node:util';
import { openThrowaway } from '#pkg/clickhouse/throwaway.ts';
import { createLogger } from '#pkg/runtime/log.ts';
import { complaints, fuzzMemory, fuzzStore } from './fuzz.ts';

/** The long form of the fuzzer: `node testing/crash/fuzz-main.ts [--frames 1000000] [--stored 50000] [--seed 1]`. */
const { values } = parseArgs({
  options: {
    frames: { type: 'string', default: '1000000' },
    stored: { type: 'string', default: '50000' },
    seed: { type: 'string', default: '1' },
  },
});
const [frames, stored, seed] = [values.frames, values.stored, values.seed].map(Number) as [number, number, number];
if (![frames, stored, seed].every((each) => Number.isInteger(each) && each >= 0)) {
  process.stderr.write('usage: fuzz-main.ts [--frames N] [--stored N] [--seed N]\n');
  process.exit(2);
}

const startedMs = performance.now();
const counts = fuzzMemory(seed, frames);
let wrong = complaints(counts);
for (const [reason, count] of [...counts.reasons].toSorted((a, b) => b[1] - a[1]))
  process.stdout.write(`${reason}: ${count}\n`);
if (stored > 0) {
  await using throwaway = await openThrowaway({
    url: process.env['CLICKHOUSE_URL'],
    log: createLogger({ level: 'error' }),
  });
  wrong += await fuzzStore(throwaway.store, seed + 1, stored);
}
if (wrong !== '') process.stdout.write(`${wrong}\n`);
const seconds = Math.round((performance.now() - startedMs) / 1000);
const { ok, dropped, dead } = counts;
process.stdout.write(
  `fuzz frames=${counts.frames} ok=${ok} dropped=${dropped} dead=${dead} stored=${stored} failed=${wrong === '' ? 0 : 1} seconds=${seconds}\n`,
);
process.exit(wrong === '' ? 0 : 1);
