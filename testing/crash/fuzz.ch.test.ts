import { expect, test } from 'vitest';
import { openThrowaway } from '#pkg/clickhouse/throwaway.ts';
import { createLogger } from '#pkg/runtime/log.ts';
import { complaints, fuzzMemory, fuzzStore } from './fuzz.ts';

test('every fuzzed frame is ok, dropped for a listed reason, or dead; and none is dead', () => {
  const counts = fuzzMemory(11, 20_000);
  expect(complaints(counts)).toBe('');
  // A fuzzer whose frames all fail at the first check would prove nothing.
  expect(counts.ok).toBeGreaterThan(4_000);
  expect(counts.reasons.size).toBeGreaterThanOrEqual(14);
});

test('the store takes every row that fuzzed frames become', async () => {
  await using throwaway = await openThrowaway({
    url: process.env['CLICKHOUSE_URL'],
    log: createLogger({ level: 'error' }),
  });
  expect(await fuzzStore(throwaway.store, 12, 5_000)).toBe('');
});
