import { type ClickHouseClient, ClickHouseLogLevel, type QueryParams } from '@clickhouse/client';
import { UserError } from '#pkg/runtime/errors.ts';
import { checkIdentifier } from './identifier.ts';
import { type Query, type QuerySettings, withSettings } from './query.ts';
import type { Column } from './row-binary.ts';

const intoFile = /\binto(?:\s|--.*\n|#.*\n|\/\*[^]*?\*\/)+outfile\b/i;

/** The one way to write that a read-only session leaves open. Inside a string it is refused too: better than to misread one. */
export const refuseOutfile = (sql: string): void => {
  if (!intoFile.test(sql)) return;
  throw new UserError('INTO OUTFILE is not allowed in a read-only query.', {
    hint: 'Leave it out, and redirect the output of the command into a file.',
  });
};

/** Failures are thrown: the client would also write each to stderr, past our own log and with the whole statement. */
export const quiet = { log: { level: ClickHouseLogLevel.OFF } };

/** Readers ask with FINAL anyway: merging equal keys already while inserting would cost a sixth of the insert's time. */
export const insertSettings: QuerySettings = { optimize_on_insert: 0 };

export const columnNames = (columns: readonly Column[]): string =>
  columns.map((column) => checkIdentifier(column.name)).join(', ');

/** What one run of a query adds to the request: its id, its settings, the signal that closes the connection. */
type RunOptions = Pick<QueryParams, 'query_id' | 'abort_signal' | 'clickhouse_settings'> & { comment?: string };

export const statements = (client: ClickHouseClient) => ({
  query: async <Params extends Record<string, unknown>, Row>(
    query: Query<Params, Row>,
    params: Params,
    { comment = query.name, ...options }: RunOptions = {},
  ) => {
    const result = await client.query({
      ...options,
      query: withSettings(query.sql, { ...query.settings, log_comment: comment }),
      query_params: params,
      format: 'JSONEachRow',
    });
    return await result.json<Row>();
  },
  command: async (sql: string, params?: Record<string, unknown>, settings?: QuerySettings) => {
    await client.command({
      query: settings === undefined ? sql : withSettings(sql, settings),
      ...(params === undefined ? {} : { query_params: params }),
    });
  },
});
