import { expect, test } from 'vitest';
import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import { LENSES } from '#pkg/contracts/lens.ts';
import { measureAccounts } from '../measuring.ts';
import { scoreOf } from '../score.ts';
import { spanOf } from '../span.ts';
import { computeReference } from './compute.ts';

/** An account that posted once and has `n` of everything that any lens measures. */
const row = (id: number, n: number) => {
  const counts = ['reach', 'spread', 'repliers', 'returning', 'mentions', 'skypoints', 'gained', 'followers'];
  return {
    actor_id: String(id),
    age: 0,
    posts: '1',
    by_hour: [[12], [String(n)]],
    slots: Array(n).fill(0),
    ...Object.fromEntries(counts.map((name) => [name, String(n)])),
  };
};

test.each(LENSES)('%s: accounts that come while a reference is made lift nobody above 10', async (lens) => {
  // The sample sees two accounts; by the time they are measured there are twenty more below the one that is asked about.
  const rows = [row(99, 50), ...Array.from({ length: 21 }, (_, at) => row(at + 1, at))];
  const store = {
    query: async ({ name }: { name: string }) =>
      name === 'reference_sample' ? [{ actor_id: '1' }, { actor_id: '99' }] : rows,
  } as unknown as ClickHouse;
  const nowMs = Date.UTC(2026, 0, 2);
  const among = await computeReference(store, '48h', nowMs);
  const range = { ids: { lo: 99n, hi: 99n }, span: spanOf('48h', nowMs), windowsMeasured: 1 };
  const [measure] = (await measureAccounts(store, lens, range)).get(99n) ?? [];
  if (measure === undefined) throw new Error('nothing was measured');
  // One of two is below it.
  expect(scoreOf(lens, measure, undefined, among)).toMatchObject({ score: 5, percentile: 50 });
});
