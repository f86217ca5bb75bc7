import { readSql } from '#pkg/clickhouse/query.ts';

/**
 * One statement from files under pkg/analysis: all but the last are lists of WITH clauses, each building on those before it;
 * the last is the SELECT. `composeSql('sql/own-posts', 'flow/score')`.
 */
export const composeSql = (...files: readonly string[]): string => {
  const texts = files.map((file) => readSql(import.meta.url, `../${file}.sql`));
  const [clauses, select] = [texts.slice(0, -1), texts.at(-1) ?? ''];
  return clauses.length === 0 ? select : `WITH\n${clauses.join(',\n')}\n${select}`;
};
