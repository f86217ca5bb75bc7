import { systemClock } from '#pkg/runtime/clock.ts';
import { serveOps } from '#pkg/runtime/http.ts';
import { runAll, type Service } from '#pkg/runtime/lifecycle.ts';
import type { LogLevel } from '#pkg/runtime/log.ts';
import { createMetrics } from '#pkg/runtime/metrics.ts';
import { type StoreLocations, Stores } from './compose.ts';
import { type MigratedStore, migrateAll } from './migrations.ts';
import { tellDetails } from './report.ts';
import { openScreen } from './screen.ts';
import { type PartContext, prepareBus } from './services.ts';
import { untilStopped } from './until-stopped.ts';

/** What the options of every process that runs beside others say. */
export interface ApartOptions {
  readonly host: string;
  readonly metricsPort: number;
  readonly logLevel: LogLevel;
  readonly noColor: boolean;
  readonly clickhouseUrl?: string | undefined;
  readonly databaseUrl?: string | undefined;
  readonly redisUrl?: string | undefined;
  readonly natsUrl?: string | undefined;
  readonly database?: string;
}

/** How long a stop may take: a computation in hand may end, a client may be told where to go. */
const graceMs = 15_000;

/** What a part stands on. */
export interface ApartNeeds {
  /** Brought up to date before the part is built. */
  readonly migrated: readonly MigratedStore[];
  readonly bus: boolean;
  /** Default: it does. */
  readonly redis?: false;
}

/** Runs one part as a process: opens its stores, brings their schemas and the streams up to date, serves its internal page. */
export const runApart = async (
  options: ApartOptions,
  needs: ApartNeeds,
  build: (context: PartContext) => Promise<readonly Service[]>,
): Promise<void> => {
  using screen = openScreen(options);
  const { log } = screen;
  await untilStopped(async (signal) => {
    await using stores = new Stores(locations(options), { log, signal });
    await Promise.all([needs.redis === false ? undefined : stores.redis(), needs.bus ? stores.bus() : undefined]);
    await migrateAll(stores, needs.migrated, log);
    signal.throwIfAborted();
    const context = { stores, log, registry: createMetrics(), details: new Map() };
    if (needs.bus) await prepareBus(context);
    const services = await build(context);
    await runAll([...services, opsPage(options, needs, context)], {
      signal,
      graceMs,
      log,
    });
  });
};

/** No folder: the table of options has seen to it that every store these processes ask for has a URL. */
const locations = (options: ApartOptions): StoreLocations => ({
  dataDir: '',
  database: options.database ?? 'skyflow',
  clickhouseUrl: options.clickhouseUrl,
  databaseUrl: options.databaseUrl,
  redisUrl: options.redisUrl,
  natsUrl: options.natsUrl,
});

/** Alive as long as it answers; ready while every store it needs does. */
const opsPage = (
  { host, metricsPort }: ApartOptions,
  needs: ApartNeeds,
  { stores, registry, details }: PartContext,
): Service =>
  serveOps({
    host,
    port: metricsPort,
    registry,
    health: () => ({ ok: true }),
    ready: async () => {
      const [redis, bus] = await Promise.all([
        needs.redis === false ? undefined : stores.redis(),
        needs.bus ? stores.bus() : undefined,
      ]);
      const since = redis?.downSinceMs ?? bus?.downSinceMs;
      if (since !== undefined)
        return { ready: false, detail: `a store is away since ${new Date(since).toISOString()}` };
      // These two have no connection that is watched: they are asked.
      if (needs.migrated.includes('postgres')) await (await stores.postgres()).query('SELECT 1');
      if (needs.migrated.includes('clickhouse')) await (await stores.clickhouse()).read('SELECT 1', 'TSV');
      return { ready: true, detail: { at: new Date(systemClock.nowMs()).toISOString(), ...tellDetails(details) } };
    },
  });
