import { DatabaseError, Pool, type PoolClient, types } from 'pg';
import { backoff } from '#pkg/runtime/backoff.ts';
import { type Clock, systemClock } from '#pkg/runtime/clock.ts';
import { errorCode, EXIT_TEMPORARY, UserError } from '#pkg/runtime/errors.ts';
import type { Logger } from '#pkg/runtime/log.ts';
import { redactUrl } from '#pkg/runtime/redact.ts';
import { type Postgres, type Querier, TYPE_READERS } from '#pkg/postgres/postgres.ts';

/** The oldest server that the migrations are written for and tried on. */
export const MIN_MAJOR = 15;

export interface RemoteOptions {
  url: string;
  log: Logger;
  /** How long to keep trying while the server cannot be reached. */
  waitMs: number;
  signal?: AbortSignal | undefined;
  clock?: Clock | undefined;
}

const MAX_CONNECTIONS = 10;
const CONNECT_TIMEOUT_MS = 10_000;

/** SQLSTATE classes and codes of a server that is there but not ready: starting up, shutting down, out of connections. */
const NOT_READY = new Set(['57P03', '57P01', '57P02', '53300']);

/** Opens a pool on a server. Keeps trying while it is away; a refused login, an unknown database or an old server is final. */
export async function openRemote(options: RemoteOptions): Promise<Postgres> {
  const pool = new Pool({
    connectionString: options.url,
    max: MAX_CONNECTIONS,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
    application_name: 'skyflow',
    types: {
      getTypeParser: (oid, format) =>
        (format === 'binary' ? undefined : TYPE_READERS[oid]) ?? types.getTypeParser(oid, format),
    },
  });
  // An idle connection that the server drops is replaced at the next query; without a listener it would end the process.
  pool.on('error', (error) => options.log.warn({ err: error }, 'an idle Postgres connection was lost'));
  try {
    return wrap(pool, await firstAnswer(pool, options));
  } catch (error) {
    await pool.end();
    throw error;
  }
}

/** Waits for the server, and checks its version. */
async function firstAnswer(pool: Pool, options: RemoteOptions): Promise<string> {
  const { url, log, waitMs, signal, clock = systemClock } = options;
  const tries = backoff({ minMs: 200, maxMs: 5000, clock });
  const sinceMs = clock.nowMs();
  for (;;) {
    try {
      const { rows } = await pool.query<{ version: string; number: string }>(
        `SELECT current_setting('server_version') AS version, current_setting('server_version_num') AS number`,
      );
      const { version = '?', number = '0' } = rows[0] ?? {};
      if (Number(number) >= MIN_MAJOR * 10_000) return version;
      throw new UserError(`The Postgres at DATABASE_URL is ${version}; Skyflow needs ${MIN_MAJOR} or newer.`, {
        hint: 'Upgrade it, or unset DATABASE_URL to use the embedded one.',
      });
    } catch (error) {
      if (error instanceof UserError) throw error;
      if (!isAway(error)) throw refused(error, url);
      const awayMs = clock.nowMs() - sinceMs;
      if (awayMs >= waitMs) throw unreachable(error, { url, awayMs });
      log.warn({ url: redactUrl(url), code: errorCode(error), awayMs }, 'Postgres cannot be reached, trying again');
      await tries.next(signal);
    }
  }
}

/** True where trying again may help: no connection was made, or the server said it is not ready. */
function isAway(error: unknown): boolean {
  if (error instanceof DatabaseError) return NOT_READY.has(error.code ?? '');
  return true;
}

function refused(error: unknown, url: string): UserError {
  const reason = error instanceof Error ? error.message : String(error);
  return new UserError(`Postgres at ${redactUrl(url)} refused us: ${reason}.`, {
    hint: 'Check the user, the password and the database name in DATABASE_URL.',
    cause: error,
  });
}

function unreachable(error: unknown, { url, awayMs }: { url: string; awayMs: number }): UserError {
  return new UserError(`Postgres at ${redactUrl(url)} could not be reached for ${Math.round(awayMs / 1000)} s.`, {
    hint: 'Start it or correct DATABASE_URL; unset that to use the embedded one.',
    exitCode: EXIT_TEMPORARY,
    cause: error,
  });
}

function wrap(pool: Pool, version: string): Postgres {
  let closing: Promise<void> | undefined;
  return {
    ...querier(pool),
    embedded: false,
    version: `PostgreSQL ${version}`,
    close: () => (closing ??= pool.end()),
    async transaction(fn) {
      const client = await pool.connect();
      let broken: Error | undefined;
      // A connection lost between two queries is an event, and the next query fails anyway: it must not end the process.
      const onError = (error: Error) => void (broken = error);
      client.on('error', onError);
      try {
        await client.query('BEGIN');
        const result = await fn(querier(client));
        await client.query('COMMIT');
        return result;
      } catch (error) {
        await client.query('ROLLBACK').catch((rollbackError: unknown) => {
          broken = rollbackError instanceof Error ? rollbackError : new Error('rollback failed');
        });
        throw error;
      } finally {
        client.off('error', onError);
        // A connection in an unknown state is closed, not given to the next one.
        client.release(broken);
      }
    },
  };
}

function querier(db: Pool | PoolClient): Querier {
  return {
    // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller names the shape of its rows
    query: async <T>(text: string, params?: readonly unknown[]) => {
      const { rows } = await db.query(text, params === undefined ? [] : [...params]);
      return { rows: rows as T[] };
    },
    async script(sql) {
      await db.query(sql);
    },
  };
}
