import { join } from 'node:path';
import { Redis } from 'ioredis';
import { mkdir } from 'node:fs/promises';
import { type EmbeddedRedis, startEmbeddedRedis } from '#pkg/redis/embedded.ts';
import { checkRedis } from '#pkg/redis/check.ts';
import { UserError } from '#pkg/runtime/errors.ts';
import type { Logger } from '#pkg/runtime/log.ts';
import { reach } from '#pkg/runtime/reach.ts';

/** Options of `openRedis`: one of `url` and `dataDir` is needed, `url` wins. */
export interface OpenRedisOptions {
  /** `redis://` or `rediss://`. */
  url?: string | undefined;
  /** The data folder; an embedded server keeps its files in `<dataDir>/redis`. */
  dataDir?: string | undefined;
  log: Logger;
  /** How long to wait for the server at `url`; default 30 s. */
  startTimeoutMs?: number;
  /** Ends the waiting. */
  signal?: AbortSignal;
}

/** An open connection, and the server behind it where it is ours. */
export interface RedisHandle {
  /**
   * Reconnects for ever. A command waits through five tries to reconnect, in all at most 10 s, and then rejects, so that
   * its caller can say so; nothing piles up behind a dead server. A command that was sent when the connection broke is
   * sent again: it may run twice, so make it one for which that is the same.
   */
  redis: Redis;
  /** With the password: not for logs. */
  url: string;
  embedded: boolean;
  /** Since when (ms since 1970) there is no connection, or undefined while there is. */
  readonly downSinceMs: number | undefined;
  /** Closes the connection, then stops the embedded server. Safe to call twice. */
  close(): Promise<void>;
}

/**
 * Connects to the Redis at `url`, or starts one of our own under `dataDir`.
 * @throws UserError when it cannot be reached in time, refuses us, is older than 6.2, or (embedded) does not start
 */
export async function openRedis(options: OpenRedisOptions): Promise<RedisHandle> {
  const { url: given, log, signal, startTimeoutMs = 30_000 } = options;
  const server = given === undefined ? await startOwn(options) : undefined;
  const url = given ?? server?.url ?? '';
  try {
    await reach({ name: 'Redis', url, variable: 'REDIS_URL', timeoutMs: startTimeoutMs, log, signal }, () =>
      checkRedis(url),
    );
    return await connect(url, server, log);
  } catch (error) {
    await server?.stop();
    throw error;
  }
}

async function startOwn({ dataDir, log }: OpenRedisOptions): Promise<EmbeddedRedis> {
  if (dataDir === undefined) {
    throw new UserError('There is no Redis to use.', { hint: 'Set REDIS_URL, or give a data folder with --data-dir.' });
  }
  const folder = join(dataDir, 'redis');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  return startEmbeddedRedis({ folder, log });
}

async function connect(url: string, server: EmbeddedRedis | undefined, log: Logger): Promise<RedisHandle> {
  const redis = new Redis(url, {
    lazyConnect: true,
    retryStrategy: (times) => Math.min(2_000, 50 * 2 ** Math.min(times, 10)) * (0.5 + Math.random() / 2),
    maxRetriesPerRequest: 5,
    connectTimeout: 5_000,
    commandTimeout: 10_000,
  });
  const watch = watchConnection(redis, log);
  await redis.connect();
  let closing: Promise<void> | undefined;
  return {
    redis,
    url,
    embedded: server !== undefined,
    get downSinceMs() {
      return watch.downSinceMs();
    },
    close() {
      closing ??= (async () => {
        watch.stop();
        // QUIT lets the server answer what is under way; without a connection there is nothing to wait for.
        if (redis.status === 'ready') await redis.quit().catch(() => undefined);
        redis.disconnect();
        await server?.stop();
      })();
      return closing;
    },
  };
}

/** Says once that the connection is lost and once that it is back, whatever number of tries lies between. */
function watchConnection(redis: Redis, log: Logger) {
  let downSinceMs: number | undefined;
  let closing = false;
  let lastError: Error | undefined;
  redis.on('error', (error: Error) => {
    lastError = error;
  });
  redis.on('close', () => {
    if (closing || downSinceMs !== undefined) return;
    downSinceMs = Date.now();
    log.warn({ err: lastError }, 'the connection to Redis is lost; reconnecting');
  });
  redis.on('ready', () => {
    if (downSinceMs !== undefined) log.info({ downMs: Date.now() - downSinceMs }, 'Redis is back');
    downSinceMs = undefined;
    lastError = undefined;
  });
  return {
    downSinceMs: () => downSinceMs,
    stop() {
      closing = true;
    },
  };
}
