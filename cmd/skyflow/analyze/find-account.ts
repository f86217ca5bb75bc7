import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import { defineQuery, readSql } from '#pkg/clickhouse/query.ts';

const query = defineQuery<{ handle: string }, { did: string; handle: string }>({
  name: 'find_account',
  sql: readSql(import.meta.url, 'find-account.sql'),
  settings: { max_execution_time: 10 },
});

/** The DID of the account that had this handle last, by what was indexed; undefined where none did. */
export const findAccount = async (store: ClickHouse, handle: string): Promise<string | undefined> => {
  const [found] = await store.query(query, { handle });
  return found?.did;
};
