import { Redis } from 'ioredis';
import { type EmbeddedServer, type Endpoint, startEmbeddedServer } from '#pkg/runtime/embedded-server.ts';
import type { Logger } from '#pkg/runtime/log.ts';

/** Options of `startEmbeddedRedis`. */
export interface EmbeddedRedisOptions {
  /** Absolute, existing, for Redis alone. */
  folder: string;
  log: Logger;
  /** Default: any free loopback port. */
  choosePort?: () => Promise<number>;
}

/** A Redis of our own. */
export interface EmbeddedRedis extends EmbeddedServer {
  /** With the password. */
  readonly url: string;
}

/**
 * Starts redis-server on a free loopback port, with its data in `folder`: an append-only file, written to disk every
 * second, whose torn tail after a crash is cut off at the next start.
 * @throws UserError when it is not installed or does not start
 */
export async function startEmbeddedRedis({ folder, log, choosePort }: EmbeddedRedisOptions): Promise<EmbeddedRedis> {
  const server = await startEmbeddedServer({
    name: 'Redis',
    programs: ['redis-server', 'valkey-server'],
    variable: 'REDIS_URL',
    oldest: '6.2',
    folder,
    log,
    args: (configFile) => [configFile],
    config: (endpoint) => configuration(folder, endpoint),
    probe,
    ...(choosePort === undefined ? {} : { choosePort }),
  });
  return { ...server, url: urlOf(server) };
}

function urlOf({ port, secret }: Endpoint): string {
  return `redis://:${secret}@127.0.0.1:${port}`;
}

/** A server that still loads its file answers PING with an error, so an answer means ready. */
async function probe(endpoint: Endpoint): Promise<void> {
  const redis = new Redis(urlOf(endpoint), {
    lazyConnect: true,
    enableReadyCheck: false,
    retryStrategy: null,
    maxRetriesPerRequest: 0,
    connectTimeout: 1_000,
    commandTimeout: 1_000,
  });
  redis.on('error', () => undefined);
  try {
    await redis.connect();
    await redis.ping();
  } finally {
    redis.disconnect();
  }
}

function configuration(folder: string, { port, secret }: Endpoint): string {
  return `# Written anew at every start.
bind 127.0.0.1
port ${port}
requirepass ${secret}
dir ${quoted(folder)}
daemonize no
logfile ""
# The process keeps the command line by which an orphan is known.
set-proc-title no
appendonly yes
appendfsync everysec
aof-load-truncated yes
# The append-only file holds everything; snapshots beside it would only cost disk.
save ""
# What is in here is not a cache: refuse writes rather than throw data out.
maxmemory-policy noeviction
`;
}

/** Redis' own escapes, byte by byte, so that no folder name can add a line to the file. */
function quoted(text: string): string {
  const bytes = [...Buffer.from(text, 'utf8')];
  const isPlain = (byte: number) => byte >= 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x5c;
  const shown = bytes.map((byte) =>
    isPlain(byte) ? String.fromCodePoint(byte) : String.raw`\x${byte.toString(16).padStart(2, '0')}`,
  );
  return `"${shown.join('')}"`;
}
