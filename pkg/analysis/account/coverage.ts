import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import { defineQuery } from '#pkg/clickhouse/query.ts';
import type { Clock } from '#pkg/runtime/clock.ts';
import type { Span } from '../span.ts';

/** What the index covers of a window. */
export interface Coverage {
  /** Since when there are events, milliseconds since 1970; null while there are none. */
  readonly sinceMs: number | null;
  /** Open gaps that overlap the window. */
  readonly gaps: number;
}

const sinceQuery = defineQuery<Record<string, never>, { batches: string; since_us: string }>({
  name: 'index_since',
  sql: 'SELECT count() AS batches, min(first_time_us) AS since_us FROM ingest_log WHERE notEmpty(operations)',
});

const gapsQuery = defineQuery<{ from_us: bigint; to_us: bigint }, { gaps: string }>({
  name: 'gaps_in_window',
  sql: `SELECT count() AS gaps FROM gaps FINAL
  WHERE repaired_at IS NULL AND from_us < {to_us:Int64} AND to_us > {from_us:Int64}`,
});

const rememberMs = 60_000;

/** Asks what is covered. The beginning changes at most once in an index's life, so it is asked for once a minute. */
export const createCoverage = (store: ClickHouse, clock: Clock) => {
  let known: { readonly sinceMs: number; readonly askedMs: number } | undefined;
  const since = async (signal?: AbortSignal): Promise<number | null> => {
    if (known !== undefined && clock.nowMs() - known.askedMs < rememberMs) return known.sinceMs;
    const [row] = await store.query(sinceQuery, {}, { signal });
    if (row === undefined || Number(row.batches) === 0) return null;
    known = { sinceMs: Math.floor(Number(row.since_us) / 1000), askedMs: clock.nowMs() };
    return known.sinceMs;
  };
  return async ({ fromMs, toMs }: Span, signal?: AbortSignal): Promise<Coverage> => {
    const params = { from_us: BigInt(fromMs) * 1000n, to_us: BigInt(toMs) * 1000n };
    const [sinceMs, rows] = await Promise.all([since(signal), store.query(gapsQuery, params, { signal })]);
    return { sinceMs, gaps: Number(rows[0]?.gaps ?? 0) };
  };
};
