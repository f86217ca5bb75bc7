import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import { readSql } from '#pkg/clickhouse/query.ts';
import { TsvWriter } from '#pkg/clickhouse/tsv.ts';
import { type Batch, batchColumns, batchTables } from '../batch/batch.ts';
import { type CursorRedis, saveCursor } from './cursor.ts';
import { insertDurably } from './insert.ts';
import { type Patience, untilDone } from './retry.ts';

/** The moments of a flush at which a test may end the process. */
export type FlushPoint = 'sealed' | `inserted:${string}` | 'resolved' | 'logged' | 'saved';

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
/** Keys a query: at 24 characters an id (as a URL parameter) that is half of the megabyte a server takes. */
const keysPerQuery = 10_000;

const logColumns = [
  'flushed_at',
  'source',
  'resumable',
  'first_time_us',
  'last_time_us',
  'cursor_us',
  'events',
  'operations',
  'dropped',
] as const;

/**
 * Makes a batch durable, then moves the cursor: all tables, then the edges that its updates and deletes take back, then
 * the ingest log, then Redis. A crash anywhere before the end repeats the whole batch, and repeating changes nothing.
 */
export const flush = async (batch: Batch, options: FlushOptions): Promise<FlushReport> => {
  const point = options.onPoint ?? (() => {});
  point('sealed');
  let rows = 0;
  let dead = batch.writers.dead_letters.rows;
  for (const table of batchTables) {
    const writer = batch.writers[table];
    rows += writer.rows;
    dead += await insertDurably(options.store, { table, columns: batchColumns[table] }, writer.bytes(), options.patience);
    point(`inserted:${table}`);
  }
  await resolveEdges(batch, options);
  point('resolved');
  await writeLog(batch, options);
  point('logged');
  await moveCursor(batch, options);
  point('saved');
  return { rows, dead, bytes: batch.bytes };
};

const resolveEdges = async (batch: Batch, { store, patience }: FlushOptions): Promise<void> => {
  for (let start = 0; start < batch.resolveKeys.length; start += keysPerQuery) {
    const actors = batch.resolveActors.slice(start, start + keysPerQuery);
    const keys = batch.resolveKeys.slice(start, start + keysPerQuery);
    await untilDone('resolve edges', patience, () => store.command(resolveSql, { actors, keys }));
  }
};

const writeLog = async (batch: Batch, { store, patience, resumable }: FlushOptions): Promise<void> => {
  const writer = new TsvWriter(4096);
  writer.timeMs(patience.clock.nowMs());
  writer.text(batch.origin);
  writer.int(resumable ? 1 : 0);
  writer.int(batch.firstTimeUs);
  writer.int(batch.lastTimeUs);
  writer.int(batch.cursorUs);
  writer.int(batch.events);
  writer.counts(batch.operations);
  writer.counts(batch.dropped);
  writer.endRow();
  await untilDone('insert into ingest_log', patience, () => store.insertTsv('ingest_log', logColumns, writer.bytes()));
};

const moveCursor = async (batch: Batch, { redis, patience, resumable }: FlushOptions): Promise<void> => {
  if (!resumable || batch.cursorUs === 0) return;
  await untilDone('save the cursor', patience, () => saveCursor(redis, { timeUs: batch.cursorUs, origin: batch.origin }));
};
