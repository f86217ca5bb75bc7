import { Redis } from 'ioredis';
import { openClickHouse } from '#pkg/clickhouse/client.ts';
import { migrateClickHouse } from '#pkg/clickhouse/migrate.ts';
import { Indexer } from '#pkg/indexer/indexer.ts';
import { jetstreamSource } from '#pkg/indexer/source/jetstream.ts';
import { systemClock } from '#pkg/runtime/clock.ts';
import { createLogger, LOG_LEVELS } from '#pkg/runtime/log.ts';
import { z } from 'zod';

/** What the parent tells an indexer that is there to be killed; the first argument, as JSON. */
export interface ChildOrders {
  readonly urls: readonly string[];
  /** The embedded engine's folder; with `clickHouseUrl` that server is used instead. */
  readonly folder: string;
  readonly clickHouseUrl?: string | undefined;
  /** How long one request to it may take; 5 s unless told. */
  readonly requestTimeoutMs?: number;
  readonly redisUrl: string;
  /** Keeps several indexers apart in one Redis. */
  readonly redisPrefix: string;
  readonly firstRunFromUs: number;
  readonly maxEvents: number;
  readonly maxAgeMs: number;
  readonly silenceMs: number;
  /** Ends this process by SIGKILL at the n-th time a flush passes the point. */
  readonly killAt?: { readonly point: string; readonly hit: number } | undefined;
}

/** What it says every 25 ms where something changed, a JSON line each. */
export interface ChildReport {
  readonly durableUs: number;
  readonly takenUs: number;
  readonly events: number;
  readonly rows: number;
  readonly gaps: number;
  readonly dead: number;
  readonly stalled: boolean;
  readonly rssMb: number;
  /** Of the whole life so far, this line's moment included. */
  readonly peakRssMb: number;
}

const orders = JSON.parse(process.argv[2] ?? '{}') as ChildOrders;
// `CRASH_LOG=info` shows what an indexer thinks when a seed fails.
const log = createLogger({ level: z.enum(LOG_LEVELS).catch('error').parse(process.env['CRASH_LOG']) });

// A parent that dies takes this process along, however it dies.
process.stdin.on('end', () => process.exit(3)).resume();
const stop = new AbortController();
process.once('SIGTERM', () => stop.abort());

const location =
  orders.clickHouseUrl === undefined
    ? { path: orders.folder, database: 'skyflow' }
    : { url: orders.clickHouseUrl, path: '', database: 'skyflow', requestTimeoutMs: orders.requestTimeoutMs ?? 5_000 };
const store = await openClickHouse(location);
await migrateClickHouse(store, log);
const redis = new Redis(orders.redisUrl, {
  keyPrefix: orders.redisPrefix,
  maxRetriesPerRequest: 5,
  commandTimeout: 10_000,
  connectTimeout: 5_000,
  retryStrategy: (times) => Math.min(500, 50 * times),
});
redis.on('error', () => undefined);

let hits = 0;
const indexer = new Indexer({
  store,
  redis,
  source: jetstreamSource({ urls: orders.urls, silenceMs: orders.silenceMs, clock: systemClock, log }),
  limits: { maxEvents: orders.maxEvents, maxBytes: 8_000_000, maxAgeMs: orders.maxAgeMs },
  lookBackMs: 36 * 3_600_000,
  firstRunFromUs: orders.firstRunFromUs,
  clock: systemClock,
  log,
  onPoint: (point) => {
    if (point !== orders.killAt?.point) return;
    hits += 1;
    if (hits === orders.killAt.hit) process.kill(process.pid, 'SIGKILL');
  },
});

let said = '';
const say = (): void => {
  const { durableUs, takenUs, events, rows, gaps, dead, stall } = indexer.progress;
  const state = JSON.stringify([durableUs, takenUs, events, rows, gaps, stall?.reason]);
  const rssMb = Math.round(process.memoryUsage.rss() / 1_048_576);
  const peakRssMb = Math.round(process.resourceUsage().maxRSS / 1024);
  if (state === said && stall === undefined) return;
  said = state;
  const report: ChildReport = {
    durableUs,
    takenUs,
    events,
    rows,
    gaps,
    dead,
    stalled: stall !== undefined,
    rssMb,
    peakRssMb,
  };
  process.stdout.write(`${JSON.stringify(report)}\n`);
};
process.stdout.write('"reading"\n');
const timer = setInterval(say, 25);
await indexer.run(stop.signal);
clearInterval(timer);
say();
await store.close();
redis.disconnect();
process.exit(0);
