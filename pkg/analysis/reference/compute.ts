import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import { defineQuery, readSql } from '#pkg/clickhouse/query.ts';
import { LENSES, type TimeWindow } from '#pkg/contracts/lens.ts';
import { measureAccounts } from '../measuring.ts';
import { spanOf, timeParams } from '../span.ts';
import { lensReferenceOf, type Reference } from './reference.ts';

/** Accounts a reference is made of at most: a percentile is then right to about 0.7 points. */
export const maxReferenceAccounts = 5_000;

const highestId = 2n ** 64n - 1n;
/** The first guess: one id in 1,024. Each further one takes 16 times as many, until enough accounts are found. */
const firstGuess = highestId >> 10n;

const sampleQuery = defineQuery<Record<string, unknown>, { actor_id: string }>({
  name: 'reference_sample',
  sql: readSql(import.meta.url, 'sample.sql'),
  settings: { max_execution_time: 120 },
});

/** Measures the active accounts of a window. Takes from milliseconds to some seconds: for the background. */
export const computeReference = async (
  store: ClickHouse,
  window: TimeWindow,
  nowMs: number,
  signal?: AbortSignal,
): Promise<Reference> => {
  const span = spanOf(window, nowMs);
  let hi = firstGuess;
  let ids: string[] = [];
  for (;;) {
    const rows = await store.query(sampleQuery, { hi, ...timeParams(span, 0), most: maxReferenceAccounts }, { signal });
    ids = rows.map((row) => row.actor_id);
    if (ids.length === maxReferenceAccounts || hi === highestId) break;
    hi = hi >= highestId >> 4n ? highestId : hi << 4n;
  }
  const last = ids.at(-1);
  const sampled = new Set(ids.map(BigInt));
  const lenses: Partial<Reference['lenses']> = {};
  for (const lens of LENSES) {
    const measured =
      last === undefined
        ? new Map<bigint, never[]>()
        : await measureAccounts(store, lens, { ids: { lo: 0n, hi: BigInt(last) }, span, windowsMeasured: 1 }, signal);
    // The index grows between the statements: an account that came since then would be one more than `accounts` says.
    const ofSample = [...measured].filter(([id]) => sampled.has(id));
    lenses[lens] = lensReferenceOf(
      lens,
      ofSample.flatMap(([, [measure]]) => measure ?? []),
    );
  }
  return { computedAtMs: nowMs, accounts: ids.length, lenses: lenses as Reference['lenses'] };
};
