import { readSql } from '#pkg/clickhouse/query.ts';

/** The text of one of the statements in `schedule/sql`. */
export const scheduleSql = (name: string): string => readSql(import.meta.url, `sql/${name}.sql`);
