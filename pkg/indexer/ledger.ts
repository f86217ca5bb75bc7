import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import { defineQuery } from '#pkg/clickhouse/query.ts';
import type { Gap } from './gaps.ts';
import { type CursorRedis, loadCursor } from './store/cursor.ts';

type NoParams = Record<string, never>;

/** What the stores know about the indexing, whoever does it. */
export interface Ledger {
  readonly cursor: { readonly timeUs: number; readonly host: string } | undefined;
  readonly lastFlushMs: number | undefined;
  /** The five minutes before the last batch. */
  readonly recent: {
    readonly events: number;
    readonly seconds: number;
    readonly operations: ReadonlyMap<string, number>;
  };
  /** Of the last day, by reason. */
  readonly dropped: Readonly<Record<string, number>>;
  readonly gaps: { readonly open: number; readonly estimatedEvents: number; readonly newest: readonly LedgerGap[] };
  readonly deadLetters: { readonly count: number; readonly newestAt: string | null };
  readonly tables: readonly { readonly name: string; readonly rows: number; readonly bytes: number }[];
}

/** A gap as it is shown: bounds in ISO 8601. */
export interface LedgerGap {
  readonly from: string;
  readonly to: string;
  readonly reason: Gap['reason'];
  readonly source: string;
  readonly estimatedEvents: number;
}

/** Nothing known yet. */
export const emptyLedger: Ledger = {
  cursor: undefined,
  lastFlushMs: undefined,
  recent: { events: 0, seconds: 1, operations: new Map() },
  dropped: {},
  gaps: { open: 0, estimatedEvents: 0, newest: [] },
  deadLetters: { count: 0, newestAt: null },
  tables: [],
};

interface RecentRow {
  batches: string;
  events: string;
  operations: Record<string, string>;
  first_ms: string;
  last_ms: string;
}

const recentSql = `
SELECT count() AS batches, sum(events) AS events, sumMap(operations) AS operations,
       toUnixTimestamp64Milli(min(flushed_at)) AS first_ms, toUnixTimestamp64Milli(max(flushed_at)) AS last_ms
FROM ingest_log
WHERE flushed_at > (SELECT max(flushed_at) FROM (SELECT flushed_at FROM ingest_log ORDER BY flushed_at DESC LIMIT 1)) - INTERVAL 5 MINUTE`;

const limits = { max_execution_time: 10 };

const recentBatches = defineQuery<NoParams, RecentRow>({ name: 'status_recent', sql: recentSql, settings: limits });

const droppedToday = defineQuery<NoParams, { dropped: Record<string, string> }>({
  name: 'status_dropped',
  sql: 'SELECT sumMap(dropped) AS dropped FROM ingest_log WHERE flushed_at > now() - INTERVAL 1 DAY',
  settings: limits,
});

const openGaps = defineQuery<NoParams, { open: string; estimated: string }>({
  name: 'status_gaps',
  sql: 'SELECT count() AS open, sum(estimated_events) AS estimated FROM gaps FINAL WHERE repaired_at IS NULL',
  settings: limits,
});

const newestGaps = defineQuery<
  NoParams,
  { from_us: string; to_us: string; reason: Gap['reason']; source: string; estimated_events: string }
>({
  name: 'status_newest_gaps',
  sql: `SELECT from_us, to_us, reason, source, estimated_events FROM gaps FINAL
        WHERE repaired_at IS NULL ORDER BY from_us DESC LIMIT 10`,
  settings: limits,
});

const deadLetterCount = defineQuery<NoParams, { count: string; newest_ms: string }>({
  name: 'status_dead_letters',
  sql: 'SELECT count() AS count, toUnixTimestamp64Milli(max(at)) AS newest_ms FROM dead_letters',
  settings: limits,
});

const tableSizes = defineQuery<NoParams, { name: string; rows: string; bytes: string }>({
  name: 'status_tables',
  sql: `SELECT table AS name, sum(rows) AS rows, sum(bytes_on_disk) AS bytes FROM system.parts
        WHERE active AND database = currentDatabase() GROUP BY table ORDER BY bytes DESC, name`,
  settings: limits,
});

const noRedis: CursorRedis = { get: async () => null, set: async () => undefined };

/** Reads all of it. Rejects with the store's error; without `redis` the cursor is the one kept in ClickHouse. */
export const readLedger = async (store: ClickHouse, redis: CursorRedis = noRedis): Promise<Ledger> => {
  const [recent] = await store.query(recentBatches, {});
  const [dropped] = await store.query(droppedToday, {});
  const [dead] = await store.query(deadLetterCount, {});
  const cursor = await loadCursor(store, redis);
  const isEmpty = Number(recent?.batches ?? 0) === 0;
  return {
    cursor: cursor === undefined ? undefined : { timeUs: cursor.timeUs, host: cursor.origin },
    lastFlushMs: isEmpty ? undefined : Number(recent?.last_ms),
    recent: {
      events: Number(recent?.events ?? 0),
      seconds: Math.max(1, (Number(recent?.last_ms ?? 0) - Number(recent?.first_ms ?? 0)) / 1000),
      operations: new Map(Object.entries(numbers(recent?.operations))),
    },
    dropped: numbers(dropped?.dropped),
    gaps: await readGaps(store),
    deadLetters: {
      count: Number(dead?.count ?? 0),
      newestAt: Number(dead?.count ?? 0) === 0 ? null : new Date(Number(dead?.newest_ms)).toISOString(),
    },
    tables: (await store.query(tableSizes, {})).map(({ name, rows, bytes }) => ({
      name,
      rows: Number(rows),
      bytes: Number(bytes),
    })),
  };
};

const readGaps = async (store: ClickHouse): Promise<Ledger['gaps']> => {
  const [open] = await store.query(openGaps, {});
  const newest = await store.query(newestGaps, {});
  return {
    open: Number(open?.open ?? 0),
    estimatedEvents: Number(open?.estimated ?? 0),
    newest: newest.map((gap) => ({
      from: fromUs(gap.from_us),
      to: fromUs(gap.to_us),
      reason: gap.reason,
      source: gap.source,
      estimatedEvents: Number(gap.estimated_events),
    })),
  };
};

const fromUs = (us: string): string => new Date(Number(us) / 1000).toISOString();

const numbers = (counts: Record<string, string> | undefined): Record<string, number> =>
  Object.fromEntries(Object.entries(counts ?? {}).map(([name, count]) => [name, Number(count)]));
