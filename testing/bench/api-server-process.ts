/**
 * core-api for `just bench-api`: a process of its own over PGlite, Redis and NATS in a temporary folder, with users that are
 * signed in. Writes one line of JSON when it listens, and one more about what it has done for each line that it reads. Ends
 * with its standard input.
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { openBus } from '#pkg/bus/client.ts';
import { createPublisher } from '#pkg/bus/publish.ts';
import { reconcileStreams } from '#pkg/bus/streams.ts';
import { createCore } from '#pkg/core/core.ts';
import { createDirectory } from '#pkg/identity/directory.ts';
import { readMigrations } from '#pkg/migrate/migration-files.ts';
import { migrateUp } from '#pkg/migrate/runner.ts';
import { OutboxRelay } from '#pkg/outbox/relay.ts';
import { openPostgres } from '#pkg/postgres/client.ts';
import { postgresMigrationStore } from '#pkg/postgres/migration-store.ts';
import { openRedis } from '#pkg/redis/client.ts';
import { systemClock as clock } from '#pkg/runtime/clock.ts';
import { serveHttp } from '#pkg/runtime/http.ts';
import { runAll } from '#pkg/runtime/lifecycle.ts';
import { createLogger } from '#pkg/runtime/log.ts';
import { createMetrics } from '#pkg/runtime/metrics.ts';
import { loadSigner } from '#pkg/session/signer.ts';
import { createSessionStore } from '#pkg/session/store.ts';
import { createVerifier } from '#pkg/session/verifier.ts';

const { values } = parseArgs({ options: { users: { type: 'string', default: '2000' } } });
const log = createLogger({ level: 'warn' });
const folder = await mkdtemp(join(tmpdir(), 'skyflow-bench-api-'));

const postgres = await openPostgres({ dataDir: folder, log });
const dir = new URL('../../migrations/postgres/', import.meta.url).pathname;
await migrateUp({ store: postgresMigrationStore(postgres), migrations: await readMigrations(dir), log });
const redisHandle = await openRedis({ dataDir: folder, log });
const { redis } = redisHandle;
const bus = await openBus({ dataDir: folder, log });
await reconcileStreams(bus, log);

const signer = await loadSigner({ folder: join(folder, 'keys') });
const sessions = createSessionStore({ redis, signer, clock });
// As in production: each acceptance writes its line.
const own = createLogger({ level: 'info', write: () => undefined });
const registry = createMetrics();
const relay = new OutboxRelay({ postgres, publisher: createPublisher(bus, log), clock, log: own, registry });
const core = createCore({
  postgres,
  redis,
  relay,
  sessions,
  verifier: createVerifier({ jwks: () => signer.jwks(), redis, clock }),
  signer,
  directory: createDirectory({ clock }),
  serviceDid: 'did:web:localhost',
  publicUrl: 'http://localhost',
  clock,
  log: own,
  registry,
});

/** The highest tier has no limit an hour; nobody computes here, so each user has room for as many as may be under way. */
const tokens: string[] = [];
for (let index = 0; index < Number(values.users); index += 1) {
  const userId = `did:plc:${randomBytes(15)
    .toString('hex')
    .slice(0, 24)
    .replaceAll(/[0189]/g, 'a')}`;
  await postgres.query(`INSERT INTO users (did, tier) VALUES ($1, 'orbit')`, [userId]);
  tokens.push((await sessions.create({ userId, handle: null })).accessToken);
}

const service = serveHttp({ name: 'api', host: '127.0.0.1', port: 0, app: core.app, portFlag: '--port' });
const stop = new AbortController();
const running = runAll([service, relay], { signal: stop.signal, graceMs: 10_000, log });
const { port } = await service.listening;
process.stdout.write(`${JSON.stringify({ port, tokens })}\n`);

for await (const _ of createInterface({ input: process.stdin })) {
  const { rows } = await postgres.query<{ accepted: number; waiting: number }>(
    `SELECT (SELECT count(*) FROM analysis_requests) AS accepted,
       (SELECT count(*) FROM outbox) AS waiting`,
  );
  const { state } = await bus.jsm.streams.info('TIMELINE');
  const cpuS = (process.cpuUsage().user + process.cpuUsage().system) / 1e6;
  const rssMb = Math.round(process.memoryUsage().rss / 1e6);
  process.stdout.write(`${JSON.stringify({ ...rows[0], onBus: state.messages, cpuS, rssMb })}\n`);
}
stop.abort();
await running;
await bus.close();
await redisHandle.close();
await postgres.close();
await rm(folder, { recursive: true, force: true });
