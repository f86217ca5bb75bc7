import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import { createKeys } from '#pkg/clickhouse/keys.ts';
import { loadSalt } from '#pkg/clickhouse/salt.ts';
import { compareAnswers, describeComparison } from '#testing/oracle/compare.ts';
import { readFrame } from '#testing/oracle/frame.ts';
import { select } from './select.ts';

/**
 * `repo_records` against the frames: every version of every wanted record once for each time it was seen at (hosts stamp
 * one event differently, and then both copies stay), and nothing else. In words; empty: equal.
 */
export const rawDifferences = async (store: ClickHouse, texts: Iterable<string>): Promise<string> => {
  const keys = createKeys(await loadSalt(store));
  const expected = new Map<string, number>();
  for (const text of texts) {
    const frame = readFrame(text);
    if (frame.is !== 'record') continue;
    expected.set(`${frame.collection} ${keys.actorId(frame.did)} ${frame.rkey} ${frame.rev}`, 1);
  }
  type Row = { name: string; times: number };
  const rows = await select<Row>(
    store,
    `SELECT concat(collection, ' ', toString(actor_id), ' ', rkey, ' ', rev) AS name, count() / uniqExact(seen_at) AS times
     FROM repo_records FINAL GROUP BY name`,
  );
  return describeComparison(compareAnswers(expected, new Map(rows.map(({ name, times }) => [name, times]))));
};
