import { type ClickHouseClient, type ClickHouseClientConfigOptions, createClient } from '@clickhouse/client';
import { type ChdbConnection, createChdbConnection } from 'chdb/connection';
import { createCancellations, markedName, openKiller } from './cancel.ts';
import { createConnectionPool } from './connection-pool.ts';
import { createLanes } from './embedded-lanes.ts';
import { holdEngine, spillFolder } from './embedded.ts';
import { checkIdentifier } from './identifier.ts';
import { bindStatement, requireParameters } from './parameters.ts';
import { rowBinaryHeader } from './row-binary.ts';
import { columnNames, insertSettings, quiet, refuseOutfile, statements } from './statements.ts';
import type { ClickHouseLocation, OpenedClickHouse } from './store.ts';

/**
 * A connection runs one statement at a time, and those of several run side by side: a lens beside a flush. Each running
 * statement holds one of the four threads that Node has for files and name look-ups too; these, the people's queries and the one
 * that stops others must not take them all.
 */
const connections = 2;

const sessionSettings: readonly string[] = [
  // With less than 2 GiB of memory allowed the engine would run every query on one core (it wants 1 GiB free a thread), and ours
  // is allowed less: its queries read little.
  'SET max_threads_min_free_memory_per_thread = 0',
  // Parameters go over in a statement, and a thousand ids take 20 kB.
  'SET max_query_size = 16777216',
];

/** Opens the engine of this process over a folder. Of its sessions each is used by one statement at a time. */
export const openEmbedded = (location: ClickHouseLocation): OpenedClickHouse => {
  const engine = holdEngine(location.path);
  const cancellations = createCancellations();
  const killer = openKiller(() => createChdbConnection({ path: location.path }));
  const spill = spillFolder(location.path);
  const { pool, enterDatabase } = openPool(location);
  const lanes = createLanes(location, cancellations, killer.kill);
  // The settings of a session last: the people's queries get a session of their own, which is read-only for good.
  let readers: Promise<ChdbConnection> | undefined;
  const command: OpenedClickHouse['command'] = (sql, params, settings) =>
    pool.lend(async (client) => (await bind(client, sql, params)).command(sql, undefined, settings));
  return {
    embedded: true,
    database: location.database,
    command,
    query: (query, params, { signal } = {}) => {
      const run = (comment: string) =>
        pool.lend(async (client) =>
          (await bind(client, query.sql, params)).query(query, {} as typeof params, { comment }),
        );
      if (signal === undefined) return run(query.name);
      return cancellations.run({
        signal,
        start: (id) => run(markedName(query.name, id)),
        stop: killer.kill,
        settlesWithEngine: true,
      });
    },
    enterDatabase: async () => {
      // There is one connection yet: those opened later are in it from their start.
      enterDatabase();
      await command(`USE ${location.database}`);
    },
    insertRows: async (table, columns, rows) => {
      if (rows.length === 0) return;
      // Through a file, because chDB takes binary rows no other way (inline data is read as text, at a third of the speed).
      const names = columnNames(columns);
      await spill.write([rowBinaryHeader(columns), rows], (path) =>
        command(
          `INSERT INTO ${checkIdentifier(table)} (${names}) SELECT ${names} FROM file('${path}', 'RowBinaryWithNamesAndTypes')`,
          undefined,
          insertSettings,
        ),
      );
    },
    read: async (sql, format) => {
      refuseOutfile(sql);
      readers ??= openReader(location);
      const reader = await readers;
      const result = await reader.chdb.queryAsync(sql, { format });
      return result.text();
    },
    readLimited: (statement, options) => lanes.run(statement, options),
    close: async () => {
      await cancellations.settled();
      await lanes.close();
      await killer.close();
      if (readers !== undefined) await (await readers).close();
      await pool.close();
      engine.release();
    },
  };
};

/** The connections that statements are lent. After `enterDatabase` each new one begins in the database. */
const openPool = (location: ClickHouseLocation) => {
  let hasDatabase = false;
  const pool = createConnectionPool<ClickHouseClient>({
    most: connections,
    open: async () => {
      const client = openClient(location.path);
      for (const sql of sessionSettings) await client.command({ query: sql });
      if (hasDatabase) await client.command({ query: `USE ${location.database}` });
      return client;
    },
    close: (client) => client.close(),
    // A stopped statement takes no more time, but the connection keeps it, and its memory, until the next one.
    tidy: async (client) => void (await client.command({ query: 'SELECT 1' })),
  });
  const enterDatabase = (): void => {
    hasDatabase = true;
  };
  return { pool, enterDatabase };
};

/** chDB itself binds parameters one statement after the other, all connections together: so each has its own in its session. */
const bind = async (client: ClickHouseClient, sql: string, params: Readonly<Record<string, unknown>> = {}) => {
  requireParameters(sql, params);
  if (Object.keys(params).length > 0) await client.command({ query: bindStatement(params) });
  return statements(client);
};

/** Two copies of the same declarations (client and client-common) are nominally different; the objects are the same. */
const openClient = (path: string): ClickHouseClient =>
  createClient({ ...quiet, connection: createChdbConnection({ path }) } as unknown as ClickHouseClientConfigOptions);

const openReader = async (location: ClickHouseLocation): Promise<ChdbConnection> => {
  const reader = createChdbConnection({ path: location.path });
  await reader.chdb.queryAsync(`USE ${location.database}`);
  for (const sql of sessionSettings) await reader.chdb.queryAsync(sql);
  await reader.chdb.queryAsync('SET readonly = 1');
  return reader;
};
