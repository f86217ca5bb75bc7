import { Readable } from 'node:stream';
import {
  type ClickHouseClient,
  type ClickHouseClientConfigOptions,
  ClickHouseLogLevel,
  createClient,
  type QueryParams,
} from '@clickhouse/client';
import { type ChdbConnection, createChdbConnection } from 'chdb/connection';
import { UserError } from '#pkg/runtime/errors.ts';
import { createCancellations, killById, markedName, noticeClosedConnection, openKiller } from './cancel.ts';
import { holdEngine, spillFolder } from './embedded.ts';
import { type Column, rowBinaryHeader } from './row-binary.ts';
import { type Query, type QuerySettings, withSettings } from './query.ts';

/** The oldest release whose features the schema uses (refreshable state aside, all were there in 25.3 LTS). */
const oldestVersion = [25, 3] as const;

/** Where the store is: `url` for a server, otherwise the folder of the embedded engine. */
export interface ClickHouseLocation {
  readonly url?: string | undefined;
  readonly path: string;
  readonly database: string;
  /** How long one HTTP request may take, in milliseconds (default 60 000). */
  readonly requestTimeoutMs?: number;
}

/** How one run of a query differs from the others. */
export interface QueryOptions {
  readonly signal?: AbortSignal | undefined;
}

/** One ClickHouse database, embedded or on a server: nothing above knows which. */
export interface ClickHouse {
  readonly embedded: boolean;
  readonly database: string;
  /**
   * Runs a declared query and returns its rows; 64-bit integers come as strings. When the signal aborts, it rejects with an
   * AbortError at once, and the query is stopped in the engine too.
   */
  query<Params extends Record<string, unknown>, Row>(
    query: Query<Params, Row>,
    params: Params,
    options?: QueryOptions,
  ): Promise<Row[]>;
  /** Runs a statement that returns nothing. */
  command(sql: string, params?: Record<string, unknown>, settings?: QuerySettings): Promise<void>;
  /** Inserts rows of RowBinary (see `RowWriter`). Resolves when they are durable. */
  insertRows(table: string, columns: readonly Column[], rows: Buffer): Promise<void>;
  /** Runs one read-only statement for a person and returns its output in ClickHouse's own format. */
  read(sql: string, format: string): Promise<string>;
  close(): Promise<void>;
}

const identifier = /^[A-Za-z_][A-Za-z0-9_]*$/;

const checkIdentifier = (name: string): string => {
  if (!identifier.test(name)) throw new TypeError(`not a plain identifier: ${name}`);
  return name;
};

const intoFile = /\binto(?:\s|--.*\n|#.*\n|\/\*[^]*?\*\/)+outfile\b/i;

/** The one way to write that a read-only session leaves open. Inside a string it is refused too: better than to misread one. */
const refuseOutfile = (sql: string): void => {
  if (!intoFile.test(sql)) return;
  throw new UserError('INTO OUTFILE is not allowed in a read-only query.', {
    hint: 'Leave it out, and redirect the output of the command into a file.',
  });
};

/** Failures are thrown: the client would also write each to stderr, past our own log and with the whole statement. */
const quiet = { log: { level: ClickHouseLogLevel.OFF } };

/** Readers ask with FINAL anyway: merging equal keys already while inserting would cost a sixth of the insert's time. */
const insertSettings: QuerySettings = { optimize_on_insert: 0 };

const columnNames = (columns: readonly Column[]): string =>
  columns.map((column) => checkIdentifier(column.name)).join(', ');

/** Opens the database, creating it when it is not there. Throws a UserError for a server too old to be used. */
export const openClickHouse = async (location: ClickHouseLocation): Promise<ClickHouse> => {
  checkIdentifier(location.database);
  const store = location.url === undefined ? openEmbedded(location) : openServer(location, location.url);
  try {
    await store.command(`CREATE DATABASE IF NOT EXISTS ${location.database}`);
    await store.enterDatabase();
    await requireVersion(store.client);
  } catch (error) {
    await store.close();
    throw error;
  }
  return store;
};

interface OpenedClickHouse extends ClickHouse {
  readonly client: ClickHouseClient;
  enterDatabase(): Promise<void>;
}

const requireVersion = async (client: ClickHouseClient): Promise<void> => {
  const result = await client.query({ query: 'SELECT version() AS version', format: 'JSONEachRow' });
  const [row] = await result.json<{ version: string }>();
  const [major = 0, minor = 0] = (row?.version ?? '').split('.').map(Number);
  if (major > oldestVersion[0] || (major === oldestVersion[0] && minor >= oldestVersion[1])) return;
  throw new UserError(`ClickHouse ${row?.version ?? '(unknown version)'} is too old for Skyflow.`, {
    hint: `Use ClickHouse ${oldestVersion.join('.')} or newer, or unset CLICKHOUSE_URL to use the built-in engine.`,
  });
};

/** What one run of a query adds to the request: its id, its settings, the signal that closes the connection. */
type RunOptions = Pick<QueryParams, 'query_id' | 'abort_signal' | 'clickhouse_settings'> & { comment?: string };

const statements = (client: ClickHouseClient) => ({
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

/**
 * With less than 2 GiB of memory allowed the engine would run every query on one core (it wants 1 GiB free a thread), and
 * ours is allowed less: its queries read little.
 */
const useAllCores = 'SET max_threads_min_free_memory_per_thread = 0';

const openEmbedded = (location: ClickHouseLocation): OpenedClickHouse => {
  const engine = holdEngine(location.path);
  const connection = createChdbConnection({ path: location.path });
  // The settings of a session last: the people's queries get a session of their own, which is read-only for good.
  let readers: Promise<ChdbConnection> | undefined;
  // Two copies of the same declarations (client and client-common) are nominally different; the objects are the same.
  const client = createClient({ ...quiet, connection } as unknown as ClickHouseClientConfigOptions);
  const base = statements(client);
  const spill = spillFolder(location.path);
  const cancellations = createCancellations();
  const killer = openKiller(() => createChdbConnection({ path: location.path }));
  return {
    ...base,
    query: (query, params, { signal } = {}) =>
      signal === undefined
        ? base.query(query, params)
        : cancellations.run({
            signal,
            start: (id) => base.query(query, params, { comment: markedName(query.name, id) }),
            stop: killer.kill,
            settlesWithEngine: true,
            // A stopped statement takes no more time, but the connection keeps it, and its memory, until the next one.
            release: () => base.command('SELECT 1'),
          }),
    client,
    embedded: true,
    database: location.database,
    enterDatabase: async () => {
      await base.command(`USE ${location.database}`);
      await base.command(useAllCores);
    },
    insertRows: async (table, columns, rows) => {
      if (rows.length === 0) return;
      // Through a file, because chDB takes binary rows no other way (inline data is read as text, at a third of the speed).
      const names = columnNames(columns);
      await spill.write([rowBinaryHeader(columns), rows], (path) =>
        base.command(
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
    close: async () => {
      await cancellations.settled();
      await killer.close();
      if (readers !== undefined) await (await readers).close();
      await client.close();
      engine.release();
    },
  };
};

const openReader = async (location: ClickHouseLocation): Promise<ChdbConnection> => {
  const reader = createChdbConnection({ path: location.path });
  await reader.chdb.queryAsync(`USE ${location.database}`);
  await reader.chdb.queryAsync(useAllCores);
  await reader.chdb.queryAsync('SET readonly = 1');
  return reader;
};

const openServer = (location: ClickHouseLocation, url: string): OpenedClickHouse => {
  const options = { ...quiet, url, request_timeout: location.requestTimeoutMs ?? 60_000 };
  // The first client has no database: with one, not even CREATE DATABASE is answered while it is missing.
  let client = createClient(options);
  const cancellations = createCancellations();
  return {
    get client() {
      return client;
    },
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
    close: async () => {
      await cancellations.settled();
      await client.close();
    },
  };
};
