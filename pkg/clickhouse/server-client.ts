import { Readable } from 'node:stream';
import { createClient } from '@clickhouse/client';
import { createCancellations, killById, noticeClosedConnection } from './cancel.ts';
import { checkIdentifier } from './identifier.ts';
import { runLimited } from './server-limited.ts';
import { withSettings } from './query.ts';
import { rowBinaryHeader } from './row-binary.ts';
import { columnNames, insertSettings, quiet, refuseOutfile, statements } from './statements.ts';
import type { ClickHouseLocation, OpenedClickHouse } from './store.ts';

/** Opens a server over HTTP. */
export const openServer = (location: ClickHouseLocation, url: string): OpenedClickHouse => {
  const options = { ...quiet, url, request_timeout: location.requestTimeoutMs ?? 60_000 };
  // The first client has no database: with one, not even CREATE DATABASE is answered while it is missing.
  let client = createClient(options);
  const cancellations = createCancellations();
  return {
    embedded: false,
    database: location.database,
    query: (query, params, { signal } = {}) =>
      signal === undefined
        ? statements(client).query(query, params)
        : cancellations.run({
            signal,
            start: (id, gone) =>
              statements(client).query(query, params, {
                query_id: id,
                abort_signal: gone,
                clickhouse_settings: noticeClosedConnection,
              }),
            // Asked for, and its connection closed: behind a load balancer the first may reach another server.
            stop: (id) => statements(client).command(killById(id)),
            settlesWithEngine: false,
          }),
    command: (sql, params, settings) => statements(client).command(sql, params, settings),
    enterDatabase: async () => {
      await client.close();
      client = createClient({ ...options, database: location.database });
    },
    insertRows: async (table, columns, rows) => {
      if (rows.length === 0) return;
      const answer = await client.exec({
        query: withSettings(`INSERT INTO ${checkIdentifier(table)} (${columnNames(columns)})`, insertSettings).concat(
          ' FORMAT RowBinaryWithNamesAndTypes',
        ),
        values: Readable.from([rowBinaryHeader(columns), rows], { objectMode: false }),
      });
      for await (const _ of answer.stream) continue;
    },
    read: async (sql, format) => {
      refuseOutfile(sql);
      const result = await client.exec({
        query: sql,
        clickhouse_settings: { readonly: '1', default_format: format } as Record<string, string>,
      });
      const chunks: Buffer[] = [];
      for await (const chunk of result.stream) chunks.push(chunk as Buffer);
      return Buffer.concat(chunks).toString('utf8');
    },
    readLimited: (statement, { signal } = {}) => runLimited(() => client, cancellations, statement, signal),
    close: async () => {
      await cancellations.settled();
      await client.close();
    },
  };
};
