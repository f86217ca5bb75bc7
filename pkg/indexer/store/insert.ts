import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import { classifyFailure } from '#pkg/clickhouse/errors.ts';
import { type Column, RowWriter } from '#pkg/clickhouse/row-binary.ts';
import { deadLetterColumns, writeDeadLetter } from '../batch/dead-letter.ts';
import { type Patience, untilDone } from './retry.ts';

/** Where rows go. */
export interface Target {
  readonly table: string;
  readonly columns: readonly Column[];
}

/** A stretch of a writer's rows: `from` inclusive, `to` exclusive. */
interface Stretch {
  readonly rows: RowWriter;
  readonly from: number;
  readonly to: number;
}

/**
 * Inserts every row of `rows`, however long the store is away. Rows the store can never take are found by halving and go
 * to `dead_letters`; all others go in. Returns how many were dead.
 */
export const insertDurably = (
  store: ClickHouse,
  target: Target,
  rows: RowWriter,
  patience: Patience,
): Promise<number> => insertStretch(store, target, { rows, from: 0, to: rows.rows }, patience);

const insertStretch = async (
  store: ClickHouse,
  target: Target,
  stretch: Stretch,
  patience: Patience,
): Promise<number> => {
  const { rows, from, to } = stretch;
  if (from === to) return 0;
  const body = rows.bytes(from, to);
  try {
    await untilDone(`insert into ${target.table}`, patience, () =>
      store.insertRows(target.table, target.columns, body),
    );
    return 0;
  } catch (error) {
    if (classifyFailure(error) !== 'data') throw error;
    if (to - from === 1) return await bury(store, target, body, { error, patience });
    const middle = (from + to) >>> 1;
    const before = await insertStretch(store, target, { rows, from, to: middle }, patience);
    return before + (await insertStretch(store, target, { rows, from: middle, to }, patience));
  }
};

const bury = async (
  store: ClickHouse,
  target: Target,
  row: Buffer,
  failure: { readonly error: unknown; readonly patience: Patience },
): Promise<number> => {
  const { error, patience } = failure;
  patience.log.error({ table: target.table, err: error }, 'a row cannot be stored: moved to dead_letters');
  const letter = new RowWriter(row.length * 2 + 4096);
  writeDeadLetter(letter, {
    stage: 'insert',
    table: target.table,
    error: String(error),
    payload: row.toString('base64'),
  });
  await untilDone('insert into dead_letters', patience, () =>
    store.insertRows('dead_letters', deadLetterColumns, letter.bytes()),
  );
  return 1;
};
