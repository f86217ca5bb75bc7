import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import { defineQuery } from '#pkg/clickhouse/query.ts';
import { RowWriter } from '#pkg/clickhouse/row-binary.ts';
import { columnsOf } from './batch/tables.ts';

/**
 * Why an interval could not be read.
 * - `look_back`: it is older than what the host keeps;
 * - `missing`: the host should have had it, and began later all the same;
 * - `cursor_unreadable`: the saved cursor lay in the future, so nobody knows where reading stopped.
 */
export type GapReason = 'look_back' | 'missing' | 'cursor_unreadable';

/** An interval of the network's time, in microseconds, of which events may be missing: after `fromUs`, before `toUs`. */
export interface Gap {
  readonly fromUs: number;
  readonly toUs: number;
  readonly reason: GapReason;
  readonly source: string;
}

/**
 * Compares the first event of a connection with the last one that was read. A cursor is inclusive, so a host that still
 * has the interval begins at or before that event; one that begins after it has skipped something, whatever it kept
 * silent about. `toleranceUs` allows for another host's clock, which stamps the same events a little differently.
 */
export const findGap = (at: {
  readonly lastUs: number;
  readonly firstUs: number;
  readonly nowUs: number;
  readonly lookBackUs: number;
  readonly toleranceUs: number;
  readonly source: string;
}): Gap | undefined => {
  if (at.lastUs === 0 || at.firstUs <= at.lastUs + at.toleranceUs) return undefined;
  const reason = at.nowUs - at.lastUs > at.lookBackUs ? 'look_back' : 'missing';
  return { fromUs: at.lastUs, toUs: at.firstUs, reason, source: at.source };
};

const recentRate = defineQuery<{ from: string }, { per_second: number | null }>({
  name: 'gap_rate',
  // Over the network's own time, so that catching up does not look like a busy network.
  sql: `SELECT sum(events) / greatest(1, (max(last_time_us) - min(first_time_us)) / 1e6) AS per_second
        FROM (SELECT events, first_time_us, last_time_us FROM ingest_log
              WHERE last_time_us <= {from:Int64} ORDER BY last_time_us DESC LIMIT 1000)`,
});

const gapColumns = columnsOf({
  from_us: 'Int64',
  to_us: 'Int64',
  reason: "Enum8('look_back' = 1, 'missing' = 2, 'cursor_unreadable' = 3)",
  source: 'String',
  estimated_events: 'UInt64',
  detected_at: "DateTime64(3, 'UTC')",
});

const reasonCodes: Readonly<Record<GapReason, number>> = { look_back: 1, missing: 2, cursor_unreadable: 3 };

/** Writes a gap with an estimate of the events in it, from the rate before it. Recording it again replaces the row. */
export const recordGap = async (store: ClickHouse, gap: Gap, nowMs: number): Promise<number> => {
  const [rate] = await store.query(recentRate, { from: String(gap.fromUs) });
  const estimate = Math.round((rate?.per_second ?? 0) * ((gap.toUs - gap.fromUs) / 1e6));
  const writer = new RowWriter(1024);
  writer.i64(gap.fromUs);
  writer.i64(gap.toUs);
  writer.u8(reasonCodes[gap.reason]);
  writer.text(gap.source);
  writer.i64(estimate);
  writer.time(nowMs);
  writer.endRow();
  await store.insertRows('gaps', gapColumns, writer.bytes());
  return estimate;
};
