import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import { defineQuery } from '#pkg/clickhouse/query.ts';

const tablesQuery = defineQuery<Record<string, never>, { text: string }>({
  name: 'dump_schema',
  sql: `SELECT formatQuery(create_table_query) AS text FROM system.tables
    WHERE database = currentDatabase() AND NOT startsWith(name, 'schema_migrations') AND NOT startsWith(name, '.inner')
    ORDER BY name`,
});

const header =
  '-- Made by `skyflow migrate dump-schema --store clickhouse` from the migrations beside it. Do not edit.\n';

/**
 * The schema as text: tables and views sorted by name, as ClickHouse itself writes them, without the migrations'
 * bookkeeping, the database's name and the definer that a server notes down. Two databases of one ClickHouse version with
 * equal schemas give equal text.
 */
export const dumpSchema = async (store: ClickHouse): Promise<string> => {
  const rows = await store.query(tablesQuery, {});
  const qualified = new RegExp(`\`?\\b${store.database}\\b\`?\\.`, 'g');
  const sections = rows.map(
    ({ text }) => `${text.replace(qualified, '').replace(/ DEFINER = \S+ SQL SECURITY \w+/, '')};\n`,
  );
  return `${header}\n${sections.join('\n')}`;
};
