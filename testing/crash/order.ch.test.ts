import { afterAll, beforeAll, expect, test } from 'vitest';
import { openThrowaway, type ThrowawayClickHouse } from '#pkg/clickhouse/throwaway.ts';
import { createLogger } from '#pkg/runtime/log.ts';
import { differences } from '#testing/answers/read.ts';
import { Oracle } from '#testing/oracle/oracle.ts';
import { createWorld } from '#testing/simulator/world.ts';
import { emptyTables, runFrames } from './run-frames.ts';
test('try', async () => {
  const t = await openThrowaway({ log: createLogger({ level: 'error' }) });
  const world = createWorld({ seed: 5, accounts: 30, startUs: 1_760_000_000_000_000, eventsPerSecond: 200 });
  const texts = Array.from({ length: 800 }, () => world.next().text);
  for (let n = 0; n < 3; n += 1) {
    const oracle = new Oracle();
    for (const x of texts) oracle.apply(x);
    console.time('run');
    const p = await runFrames(t.store, texts, { maxEvents: 100, maxBytes: 1e6, maxAgeMs: 1000 });
    console.timeEnd('run');
    console.log(p.flushes);
    console.time('diff');
    const d = await differences(t.store, oracle);
    console.timeEnd('diff');
    console.log(d);
    console.time('empty');
    await emptyTables(t.store);
    console.timeEnd('empty');
  }
  await t[Symbol.asyncDispose]();
});
