import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import { defineQuery } from '#pkg/clickhouse/query.ts';

/** Rows of a plain SELECT, however many; 64-bit integers come as strings. */
export const select = <Row>(store: ClickHouse, sql: string): Promise<Row[]> =>
  store.query(
    defineQuery<Record<string, never>, Row>({
      name: 'test_answers',
      sql,
      settings: { max_result_rows: 0, max_execution_time: 300 },
    }),
    {},
  );
