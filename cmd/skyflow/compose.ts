import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { type Bus, openBus } from '#pkg/bus/client.ts';
import { type ClickHouse, openClickHouse } from '#pkg/clickhouse/client.ts';
import { classifyFailure } from '#pkg/clickhouse/errors.ts';
import { openPostgres, type Postgres } from '#pkg/postgres/client.ts';
import { openRedis, type RedisHandle } from '#pkg/redis/client.ts';
import { type DataDir, openDataDir } from '#pkg/runtime/data-dir.ts';
import { UserError } from '#pkg/runtime/errors.ts';
import type { Logger } from '#pkg/runtime/log.ts';
import { reach } from '#pkg/runtime/reach.ts';

/** Where the stores are. One without a URL is embedded, with its data in the data folder. */
export interface StoreLocations {
  readonly dataDir: string;
  readonly database: string;
  readonly clickhouseUrl?: string | undefined;
  readonly databaseUrl?: string | undefined;
  readonly redisUrl?: string | undefined;
  readonly natsUrl?: string | undefined;
}

export interface StoresContext {
  readonly log: Logger;
  /** Ends the waiting for servers. */
  readonly signal?: AbortSignal;
  /** How long to wait for a server that cannot be reached; default 30 s. */
  readonly waitMs?: number;
}

/** In the order in which they are opened; they are closed in reverse. */
const order = ['dataDir', 'clickhouse', 'postgres', 'redis', 'subscriber', 'bus'] as const;

/** A connection to Redis that only subscribes: it can do nothing else then. */
export interface Subscriber {
  readonly redis: Redis;
  close(): Promise<void>;
}

/**
 * The one place where a process gets its stores. Each is opened when first asked for, those that need it together, and the
 * data folder with the first one that is embedded. Dispose it (`await using`): everything opened is closed, last first.
 */
export class Stores implements AsyncDisposable {
  readonly #where: StoreLocations;
  readonly #context: StoresContext;
  readonly #opened = new Map<(typeof order)[number], Promise<{ close(): Promise<void> }>>();

  constructor(where: StoreLocations, context: StoresContext) {
    this.#where = where;
    this.#context = context;
  }

  /** The data folder, held by this process from now on. */
  dataDir(): Promise<DataDir> {
    return this.#once('dataDir', () => openDataDir(this.#where.dataDir));
  }

  clickhouse(): Promise<ClickHouse> {
    return this.#once('clickhouse', () => this.#openClickHouse());
  }

  postgres(): Promise<Postgres> {
    return this.#once('postgres', async () =>
      openPostgres({ ...(await this.#location('databaseUrl')), ...this.#wait() }),
    );
  }

  redis(): Promise<RedisHandle> {
    return this.#once('redis', async () => openRedis({ ...(await this.#location('redisUrl')), ...this.#wait() }));
  }

  /** A second connection to the same Redis, for subscriptions. */
  subscriber(): Promise<Subscriber> {
    return this.#once('subscriber', async () => {
      const { redis: main } = await this.redis();
      // It waits for as long as Redis is away: nobody waits for an answer on it.
      const redis = main.duplicate({ maxRetriesPerRequest: null });
      // The main connection says when Redis is lost and when it is back; without a listener an error would end the process.
      redis.on('error', () => undefined);
      await redis.connect();
      return { redis, close: async () => redis.disconnect() };
    });
  }

  bus(): Promise<Bus> {
    return this.#once('bus', async () => openBus({ ...(await this.#location('natsUrl')), ...this.#wait() }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const name of order.toReversed()) {
      const opening = this.#opened.get(name);
      if (opening === undefined) continue;
      try {
        await (await opening).close();
      } catch (error) {
        // Where opening failed, the one who asked has the error already; a failed close must not keep the others open.
        if (!(error instanceof UserError))
          this.#context.log.debug({ err: error, store: name }, 'a store was not closed');
      }
    }
    this.#opened.clear();
  }

  #once<T extends { close(): Promise<void> }>(name: (typeof order)[number], open: () => Promise<T>): Promise<T> {
    const known = this.#opened.get(name);
    if (known !== undefined) return known as Promise<T>;
    const opening = open();
    opening.catch(() => undefined);
    this.#opened.set(name, opening);
    return opening;
  }

  #wait() {
    const { log, signal, waitMs = 30_000 } = this.#context;
    return { log, waitMs, startTimeoutMs: waitMs, ...(signal === undefined ? {} : { signal }) };
  }

  async #location(name: 'databaseUrl' | 'redisUrl' | 'natsUrl'): Promise<{ url: string } | { dataDir: string }> {
    const url = this.#where[name];
    return url === undefined ? { dataDir: (await this.dataDir()).path } : { url };
  }

  async #openClickHouse(): Promise<ClickHouse> {
    const { clickhouseUrl: url, database } = this.#where;
    if (url === undefined) {
      const path = join((await this.dataDir()).path, 'clickhouse');
      return openClickHouse({ path, database }).catch((cause: unknown) => {
        throw cause instanceof UserError ? cause : embeddedFailed(path, cause);
      });
    }
    const { log, signal, waitMs = 30_000 } = this.#context;
    const place = { name: 'ClickHouse', url, variable: 'CLICKHOUSE_URL', timeoutMs: waitMs, log, signal };
    return reach(place, async () => {
      try {
        return await openClickHouse({ url, path: '', database });
      } catch (error) {
        throw classifyFailure(error) === 'busy' ? error : refused(error);
      }
    });
  }
}

const embeddedFailed = (path: string, cause: unknown): UserError =>
  new UserError(`The built-in ClickHouse does not open ${path}: ${firstLine(cause)}.`, {
    hint: 'Look whether the disk is full; otherwise restore the folder from a backup, or choose another --data-dir.',
    cause,
  });

const refused = (cause: unknown): unknown =>
  cause instanceof UserError
    ? cause
    : new UserError(`ClickHouse at CLICKHOUSE_URL refuses us: ${firstLine(cause)}.`, {
        hint: 'Check the user, the password and the rights in CLICKHOUSE_URL.',
        cause,
      });

const firstLine = (error: unknown): string => {
  const [line = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
  return line.trim().replace(/\.+$/, '').slice(0, 300);
};
