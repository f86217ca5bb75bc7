import type { ClickHouseClient } from '@clickhouse/client';
import { type Cancellations, killById } from './cancel.ts';
import {
  isOneSelect,
  limitSettings,
  type LimitedStatement,
  refuseUnlessSelect,
  requireNoSettings,
  underTimer,
} from './limited.ts';
import { statements } from './statements.ts';

/** Runs a statement under limits on a server: a read-only request takes its settings along and lets the statement set none. */
export const runLimited = async (
  client: () => ClickHouseClient,
  cancellations: Cancellations,
  statement: LimitedStatement,
  signal: AbortSignal | undefined,
): Promise<Record<string, unknown>[]> => {
  requireNoSettings(statement);
  return underTimer(statement, signal, (until, startTimer) =>
    cancellations.run({
      signal: until,
      start: async (id, gone) => {
        startTimer();
        if (statement.lane === 'operator') await requireOneSelect(client(), statement.sql);
        const result = await client().query({
          query: statement.sql,
          query_params: { ...statement.params },
          format: 'JSONEachRow',
          query_id: id,
          abort_signal: gone,
          clickhouse_settings: {
            ...limitSettings(statement),
            log_comment: statement.name,
            cancel_http_readonly_queries_on_client_close: 1,
            // A failure after the first rows would come as rows.
            wait_end_of_query: 1,
            readonly: '1',
          },
        });
        return await result.json<Record<string, unknown>>();
      },
      stop: (id) => statements(client()).command(killById(id)),
      settlesWithEngine: false,
    }),
  );
};

const requireOneSelect = async (client: ClickHouseClient, sql: string): Promise<void> => {
  const result = await client.query({
    query: isOneSelect('{text:String}'),
    query_params: { text: sql },
    format: 'TabSeparated',
    clickhouse_settings: { readonly: '1' },
  });
  refuseUnlessSelect(sql, await result.text());
};
