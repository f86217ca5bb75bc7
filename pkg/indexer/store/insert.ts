import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import { classifyFailure } from '#pkg/clickhouse/errors.ts';
import { TsvWriter } from '#pkg/clickhouse/tsv.ts';
import { type Patience, untilDone } from './retry.ts';

const newline = 10;

const countRows = (body: Buffer): number => {
  let rows = 0;
  for (let at = body.indexOf(newline); at !== -1; at = body.indexOf(newline, at + 1)) rows += 1;
  return rows;
};

/** The byte behind the middle row's end. */
const middle = (body: Buffer): number => {
  const half = body.indexOf(newline, body.length >> 1);
  if (half !== -1 && half < body.length - 1) return half + 1;
  return body.indexOf(newline) + 1;
};

const deadLetter = (table: string, row: Buffer, error: unknown): Buffer => {
  const writer = new TsvWriter(row.length + 1024);
  writer.plain('insert');
  writer.plain(table);
  writer.text(String(error));
  writer.text(row.toString('utf8').trimEnd());
  writer.endRow();
  return writer.bytes();
};

export const deadLetterColumns = ['stage', 'table_name', 'error', 'payload'] as const;

/**
 * Inserts every row, however long the store is away. Rows the store can never take are found by halving the body and go
 * to `dead_letters`; the others go in. Returns how many were dead.
 */
export const insertDurably = async (
  store: ClickHouse,
  target: { readonly table: string; readonly columns: readonly string[] },
  body: Buffer,
  patience: Patience,
): Promise<number> => {
  if (body.length === 0) return 0;
  try {
    await untilDone(`insert into ${target.table}`, patience, () => store.insertTsv(target.table, target.columns, body));
    return 0;
  } catch (error) {
    if (classifyFailure(error) !== 'data') throw error;
    if (countRows(body) === 1) {
      patience.log.error({ table: target.table, err: error }, 'a row cannot be stored: moved to dead_letters');
      const letter = deadLetter(target.table, body, error);
      await untilDone('insert into dead_letters', patience, () => store.insertTsv('dead_letters', deadLetterColumns, letter));
      return 1;
    }
    const cut = middle(body);
    const before = await insertDurably(store, target, body.subarray(0, cut), patience);
    return before + (await insertDurably(store, target, body.subarray(cut), patience));
  }
};
