import { readSql } from '#pkg/clickhouse/query.ts';

/** A statement from the files of this folder that it builds on (each a list of WITH clauses) and its own SELECT. */
export const composeSql = (parts: readonly string[], select: string): string =>
  `WITH\n${parts.map((part) => readSql(import.meta.url, `${part}.sql`)).join(',\n')}\n${select}`;
