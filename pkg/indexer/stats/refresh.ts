import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import { defineQuery, readSql } from '#pkg/clickhouse/query.ts';

/** A UTC day, `YYYY-MM-DD`. */
export type Day = string;

const msPerDay = 86_400_000;

/** Days before 1970 do not exist in ClickHouse's `Date`, and its last one holds every made-up later time. */
export const firstDay: Day = '1970-01-01';
export const lastDay: Day = '2149-06-05';

/** The UTC day of a moment in milliseconds. */
export const dayOf = (ms: number): Day => new Date(ms).toISOString().slice(0, 10);

/** The day so many days later, or earlier. */
export const addDays = (day: Day, days: number): Day => dayOf(Date.parse(day) + days * msPerDay);

const refreshSql = readSql(import.meta.url, 'refresh.sql');
/** One day at a time keeps the memory small; partitions follow from the sort key, so none needs merging with another. */
const refreshSettings = { max_execution_time: 600, do_not_merge_across_partitions_select_final: 1 };

const nextDayQuery = defineQuery<{ day: Day }, { day: Day; found: string }>({
  name: 'daily_stats_next_day',
  sql: readSql(import.meta.url, 'next-day.sql'),
});

/**
 * Counts the days from `fromDay` to `toDay` anew, both included, and stores the counts in `daily_stats`. Repeating it gives
 * the same numbers. Days outside 1970-01-01 to 2149-06-05 are left out.
 */
export const refreshDailyStats = async (store: ClickHouse, fromDay: Day, toDay: Day): Promise<void> => {
  const to = toDay < lastDay ? toDay : lastDay;
  for (let day = fromDay > firstDay ? fromDay : firstDay; day <= to; day = addDays(day, 1)) {
    await store.command(refreshSql, { day }, refreshSettings);
  }
};

/** The first day from `day` on that has records (live or not) or counts; undefined when there is none. */
export const nextDayWithData = async (store: ClickHouse, day: Day): Promise<Day | undefined> => {
  if (day > lastDay) return undefined;
  const [row] = await store.query(nextDayQuery, { day });
  return row === undefined || Number(row.found) === 0 || row.day > lastDay ? undefined : row.day;
};
