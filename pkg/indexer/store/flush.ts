import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import { readSql } from '#pkg/clickhouse/query.ts';
import { RowWriter } from '#pkg/clickhouse/row-binary.ts';
import { type Batch, batchColumns, type BatchTable, batchTables } from '../batch/batch.ts';
import { columnsOf } from '../batch/tables.ts';
import { type CursorRedis, saveCursor } from './cursor.ts';
import { insertDurably } from './insert.ts';
import { type Patience, untilDone } from './retry.ts';

/** The moments of a flush at which a test may end the process. */
export type FlushPoint = 'sealed' | `inserted:${string}` | 'resolved' | 'inactive' | 'logged' | 'saved';

export interface FlushOptions {
  readonly store: ClickHouse;
  readonly redis: CursorRedis;
  readonly patience: Patience;
  /** Whether the source can resume: only then is its cursor saved. */
  readonly resumable: boolean;
  readonly onPoint?: ((point: FlushPoint) => void) | undefined;
}

/** What a flush did. */
export interface FlushReport {
  readonly rows: number;
  readonly dead: number;
  readonly bytes: number;
}

const resolveSql = readSql(import.meta.url, 'resolve.sql');
const inactiveSql = readSql(import.meta.url, 'inactive.sql');
/** Keys a query: at 24 characters an id (as a URL parameter) that is half of the megabyte a server takes. */
const keysPerQuery = 10_000;

const logColumns = columnsOf({
  flushed_at: "DateTime64(3, 'UTC')",
  source: 'LowCardinality(String)',
  resumable: 'UInt8',
  first_time_us: 'Int64',
  last_time_us: 'Int64',
  cursor_us: 'Int64',
  events: 'UInt64',
  operations: 'Map(LowCardinality(String), UInt64)',
  dropped: 'Map(LowCardinality(String), UInt64)',
});

/**
 * Makes a batch durable, then moves the cursor: all tables, then the edges that its updates and deletes take back and who
 * is inactive, then the ingest log, then Redis. A crash anywhere before the end repeats the whole batch, and repeating changes nothing.
 */
export const flush = async (batch: Batch, options: FlushOptions): Promise<FlushReport> => {
  const point = options.onPoint ?? (() => {});
  point('sealed');
  let dead = batch.writers.dead_letters.rows;
  const insert = async (table: BatchTable): Promise<void> => {
    dead += await insertDurably(
      options.store,
      { table, columns: batchColumns[table] },
      batch.writers[table],
      options.patience,
    );
    point(`inserted:${table}`);
  };
  // Three lanes, so that both cores have work: raw records alone are half of it, and only edges and
  // actors must precede what is worked out from them.
  await Promise.all([
    insert('repo_records'),
    inTurn(describedTables, insert)
      .then(() => noteInactive(batch, options))
      .then(() => point('inactive')),
    inTurn(edgeTables, insert)
      .then(() => resolveEdges(batch, options))
      .then(() => point('resolved')),
  ]);
  await writeLog(batch, options);
  point('logged');
  await moveCursor(batch, options);
  point('saved');
  return { rows: batchTables.reduce((rows, table) => rows + batch.writers[table].rows, 0), dead, bytes: batch.bytes };
};

const edgeTables = ['edges', 'record_revisions'] as const satisfies BatchTable[];
const describedTables = batchTables.filter(
  (table) => table !== 'repo_records' && !edgeTables.some((edge) => edge === table),
);

const inTurn = async (items: readonly BatchTable[], work: (item: BatchTable) => Promise<void>): Promise<void> => {
  for (const item of items) await work(item);
};

const resolveEdges = async (batch: Batch, { store, patience }: FlushOptions): Promise<void> => {
  for (let start = 0; start < batch.resolveKeys.length; start += keysPerQuery) {
    const actors = batch.resolveActors.slice(start, start + keysPerQuery);
    const keys = batch.resolveKeys.slice(start, start + keysPerQuery);
    await untilDone('resolve edges', patience, () => store.command(resolveSql, { actors, keys }));
  }
};

/** After `actors` is written: which of the accounts whose status came are inactive now. */
const noteInactive = async (batch: Batch, { store, patience }: FlushOptions): Promise<void> => {
  for (let start = 0; start < batch.statusActors.length; start += keysPerQuery) {
    const actors = batch.statusActors.slice(start, start + keysPerQuery);
    await untilDone('note inactive accounts', patience, () => store.command(inactiveSql, { actors }));
  }
};

const writeLog = async (batch: Batch, { store, patience, resumable }: FlushOptions): Promise<void> => {
  const writer = new RowWriter(4096);
  writer.time(patience.clock.nowMs());
  writer.text(batch.origin);
  writer.u8(resumable ? 1 : 0);
  writer.i64(batch.firstTimeUs);
  writer.i64(batch.lastTimeUs);
  writer.i64(batch.cursorUs);
  writer.i64(batch.events);
  writer.counts(batch.operations);
  writer.counts(batch.dropped);
  writer.endRow();
  await untilDone('insert into ingest_log', patience, () => store.insertRows('ingest_log', logColumns, writer.bytes()));
};

const moveCursor = async (batch: Batch, { redis, patience, resumable }: FlushOptions): Promise<void> => {
  if (!resumable || batch.cursorUs === 0) return;
  await untilDone('save the cursor', patience, () =>
    saveCursor(redis, { timeUs: batch.cursorUs, origin: batch.origin }),
  );
};
