/**
 * Skyflow's side of `just bench-feeds`: the feed generator over a world of the lens benchmark, with Postgres and Redis of its own,
 * as a process that can be given one core. The world's last day is some time ago, so statements are told its time; tokens live
 * in ours. Writes one line of JSON when it listens and its feeds are ranked; ends with its standard input.
 */
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openClickHouse } from '#pkg/clickhouse/client.ts';
import { createKeys } from '#pkg/clickhouse/keys.ts';
import { migrateClickHouse } from '#pkg/clickhouse/migrate.ts';
import { loadSalt } from '#pkg/clickhouse/salt.ts';
import { createFeedGenerator } from '#pkg/feeds/feed-generator.ts';
import { readMigrations } from '#pkg/migrate/migration-files.ts';
import { migrateUp } from '#pkg/migrate/runner.ts';
import { openPostgres } from '#pkg/postgres/client.ts';
import { postgresMigrationStore } from '#pkg/postgres/migration-store.ts';
import { openRedis } from '#pkg/redis/client.ts';
import { systemClock } from '#pkg/runtime/clock.ts';
import { serveHttp } from '#pkg/runtime/http.ts';
import { runAll } from '#pkg/runtime/lifecycle.ts';
import { createLogger } from '#pkg/runtime/log.ts';
import { createMetrics } from '#pkg/runtime/metrics.ts';
import { planWorld, writeWorld } from '../lenses/world.ts';
import { benchKeys, FEED_RKEY, SERVICE_DID } from './setting.ts';
import { addReaders } from './world.ts';

const { values } = parseArgs({
  options: {
    /** Where the world is kept. */
    folder: { type: 'string', default: '' },
    reactions: { type: 'string', default: '100000000' },
    'now-ms': { type: 'string', default: '0' },
    accounts: { type: 'string', default: '1000' },
    /** The first of them, who follow others. */
    readers: { type: 'string', default: '40' },
  },
});
const log = createLogger({ level: 'warn' });
const world = planWorld(Number(values.reactions), Number(values['now-ms']));
const accounts = await benchKeys(Number(values.accounts));
const publicKeys = new Map(accounts.map(({ did, publicKey }) => [did, publicKey]));

const store = await openClickHouse({ path: join(values.folder, 'clickhouse'), database: 'skyflow' });
await migrateClickHouse(store, log);
for (const [mark, make] of [
  ['complete', () => writeWorld(store, world)],
  ['readers', async () => addReaders(store, await readersOf())],
] as const) {
  if (existsSync(join(values.folder, mark))) continue;
  await make();
  await writeFile(join(values.folder, mark), '');
}

async function readersOf() {
  const dids = accounts.slice(0, Number(values.readers)).map(({ did }) => did);
  return { world, keys: createKeys(await loadSalt(store)), dids };
}

const folder = await mkdtemp(join(tmpdir(), 'skyflow-bench-feeds-'));
const postgres = await openPostgres({ dataDir: folder, log });
const migrations = await readMigrations(new URL('../../../migrations/postgres/', import.meta.url).pathname);
await migrateUp({ store: postgresMigrationStore(postgres), migrations, log });
const redisHandle = await openRedis({ dataDir: folder, log });
const shiftMs = world.nowMs - systemClock.nowMs();
const feeds = await createFeedGenerator({
  store,
  postgres,
  redis: redisHandle.redis,
  directory: {
    resolve: async () => ({ problem: 'not_found', message: '' }),
    signingKey: async (did) => publicKeys.get(did) ?? null,
    refreshKey: async (did) => publicKeys.get(did) ?? null,
  },
  verifier: { verify: async () => ({ refused: 'malformed', message: '' }) },
  serviceDid: SERVICE_DID,
  publicUrl: 'https://feeds.bench.example',
  version: 'bench',
  feedsDir: undefined,
  blockedLabels: new Set(),
  trustedProxies: 0,
  clock: systemClock,
  networkClock: { ...systemClock, nowMs: () => systemClock.nowMs() + shiftMs },
  log,
  registry: createMetrics(),
});
const service = serveHttp({ name: 'feeds', host: '127.0.0.1', port: 0, app: feeds.xrpc, portFlag: '--port' });
const stop = new AbortController();
const running = runAll([service, ...feeds.services], { signal: stop.signal, graceMs: 10_000, log });
const { port } = await service.listening;

/** A ranking with posts, or the figures would be of an empty page. */
const feed = feeds.parts.catalogue.find(FEED_RKEY);
for (let tries = 0; tries < 600; tries += 1) {
  const ranking = feed === undefined ? undefined : await feeds.parts.rankings.current(feed);
  if ((ranking?.posts.length ?? 0) > 0) break;
  await systemClock.sleep(100);
}
const ranked = Object.fromEntries(feeds.health().map(({ rkey, posts }) => [rkey, posts]));
process.stdout.write(`${JSON.stringify({ port, ranked })}\n`);

process.stdin.resume();
await new Promise<void>((resolve) => void process.stdin.once('end', resolve));
stop.abort();
await running;
await redisHandle.close();
await postgres.close();
await store.close();
await rm(folder, { recursive: true, force: true });
