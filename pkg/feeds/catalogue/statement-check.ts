import { type ClickHouse, LimitError, StatementError } from '#pkg/clickhouse/client.ts';
import { defineQuery } from '#pkg/clickhouse/query.ts';
import { checkFeedColumns, checkWhyColumns, type ReturnedColumn } from './columns.ts';
import { checkPlaceholders, sampleParams, type Statement } from './parameters.ts';
import { readSyntaxTree, type SyntaxNode, UnreadableTreeError } from './syntax-tree.ts';
import { checkTree, ctesOf } from './tree-check.ts';

const tablesQuery = defineQuery<Record<string, never>, { name: string }>({
  name: 'feed_check_tables',
  sql: 'SELECT name FROM system.tables WHERE database = currentDatabase()',
});
const functionsQuery = defineQuery<Record<string, never>, { name: string }>({
  name: 'feed_check_functions',
  sql: 'SELECT DISTINCT lower(name) AS name FROM system.functions',
});

const namesIn = async (store: ClickHouse, query: typeof tablesQuery): Promise<ReadonlySet<string>> =>
  new Set((await store.query(query, {})).map(({ name }) => name));

/** Looking at a statement runs its constant parts. */
const limits = {
  maxMs: 5_000,
  maxMemoryBytes: 256_000_000,
  maxRowsToRead: 50_000_000,
  maxResultRows: 50_000,
  maxThreads: 1,
};

const run = (store: ClickHouse, sql: string, params: Readonly<Record<string, unknown>>) =>
  store.readLimited({ name: 'feed_check', sql, params, lane: 'operator', limits });

/** As a statement will be run: with its own end of line, because its last may be a comment. */
const asSubquery = (sql: string): string => `(\n${sql}\n)`;

/**
 * What is wrong with a statement, in sentences; none means that it may run. It is the engine's own parser that says what the
 * statement is made of, before anything of it runs; then the engine says what columns it returns.
 * @throws what the engine threw where the fault is not the statement's
 */
export const checkStatement = async (store: ClickHouse, statement: Statement): Promise<string[]> => {
  const mistakes = checkPlaceholders(statement);
  if (mistakes.length > 0) return mistakes;
  try {
    const { formatted, tree } = await parse(store, statement);
    const wrong = checkTree(tree, {
      file: statement.file,
      database: store.database,
      tables: await namesIn(store, tablesQuery),
      functions: await namesIn(store, functionsQuery),
      ctes: ctesOf(formatted),
    });
    return wrong.length > 0 ? wrong : await checkColumns(store, statement);
  } catch (error) {
    return [sentenceFor(error, statement.file)];
  }
};

/** Alone and as a sub-query: the first refuses what would end the bracket, the second what is no single SELECT. */
const parse = async (
  store: ClickHouse,
  { sql, ...rest }: Statement,
): Promise<{ formatted: string; tree: SyntaxNode }> => {
  const [row] = await run(
    store,
    'SELECT formatQuery({text:String}) AS alone, formatQuery({wrapped:String}) AS wrapped',
    {
      text: sql,
      wrapped: `SELECT * FROM ${asSubquery(sql)}`,
    },
  );
  const lines = await run(store, `EXPLAIN AST ${sql}`, sampleParams({ sql, ...rest }));
  const tree = readSyntaxTree(lines.map((line) => String(line['explain'])));
  return { formatted: String(row?.['alone']), tree };
};

const checkColumns = async (store: ClickHouse, statement: Statement): Promise<string[]> => {
  const rows = await run(store, `DESCRIBE ${asSubquery(statement.sql)}`, sampleParams(statement));
  const columns = rows.map((row): ReturnedColumn => ({ name: String(row['name']), type: String(row['type']) }));
  return statement.file === 'feed.sql' ? checkFeedColumns(columns) : checkWhyColumns(columns);
};

const sentenceFor = (error: unknown, file: string): string => {
  if (error instanceof StatementError) return `${file}: ${error.message}.`;
  if (error instanceof LimitError) return `${file} goes beyond a limit as soon as it is looked at: ${error.message}.`;
  if (error instanceof UnreadableTreeError) return `${file} cannot be checked: ${error.message}. Use plain names.`;
  throw error;
};
