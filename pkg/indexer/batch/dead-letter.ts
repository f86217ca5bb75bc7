import type { RowWriter } from '#pkg/clickhouse/row-binary.ts';
import { columnsOf } from './tables.ts';

/** What could not be stored, kept for a person to look at. */
export interface DeadLetter {
  /** `parse`: our own code failed on a frame; `insert`: the store refuses a row. */
  readonly stage: 'parse' | 'insert';
  readonly table: string;
  readonly error: string;
  /** The frame as JSON, or the row as base64 of RowBinary in the order of `batchColumns`. */
  readonly payload: string;
}

export const deadLetterColumns = columnsOf({
  stage: "Enum8('parse' = 1, 'insert' = 2)",
  table_name: 'LowCardinality(String)',
  error: 'String',
  payload: 'String',
});

export const writeDeadLetter = (writer: RowWriter, letter: DeadLetter): void => {
  writer.u8(letter.stage === 'parse' ? 1 : 2);
  writer.text(letter.table);
  writer.text(letter.error);
  writer.text(letter.payload);
  writer.endRow();
};
