import { Hono } from 'hono';
import { freePort } from '#pkg/runtime/free-port.ts';
import { serveHttp } from '#pkg/runtime/http.ts';
import { runAll, type Service } from '#pkg/runtime/lifecycle.ts';
import { createMetrics } from '#pkg/runtime/metrics.ts';
import type { OptionsOf } from '#pkg/runtime/options.ts';
import { type StoreLocations, Stores } from '../compose.ts';
import { createIngest, type Ingest, type IngestOptions } from '../ingest.ts';
import { migrateAll, migratedStores } from '../migrations.ts';
import { monitor } from '../monitor.ts';
import { createOneProcess, type OneProcess, type OneProcessOptions } from '../one-process.ts';
import { checkReplay, replaySummary } from '../replay.ts';
import { openScreen, type Screen } from '../screen.ts';
import { untilStopped } from '../until-stopped.ts';

/** How long a stop may take: the indexer alone gives an absent store ten seconds. */
export const graceMs = 15_000;

export const offlineHint = 'To try Skyflow without the internet: npm run demo';

/** Where it listens. */
interface Addresses {
  readonly host: string;
  readonly port: number;
  readonly metricsPort: number;
}

/** What `up` and `demo` have in common. */
export interface UpOptions extends IngestOptions, StoreLocations, OneProcessOptions {
  readonly offlineHint?: string;
}

/** What is there once everything is built and before it runs. */
export interface Built extends OneProcess {
  readonly ingest: Ingest;
  readonly stores: Stores;
}

/** `skyflow up`: everything in one process. */
export const up = async (options: OptionsOf<'up'>): Promise<void> => {
  if (options.replay !== undefined) await checkReplay(options.replay);
  using screen = openScreen(options);
  await untilStopped((signal) =>
    runEverything(options, { screen, signal, plan: async () => ({ ...options, offlineHint }) }),
  );
};

/** How `up` and `demo` differ. */
export interface RunPlan {
  readonly screen: Screen;
  readonly signal: AbortSignal;
  /** What to read and where to listen; the stores are ready by then. */
  plan(stores: Stores): Promise<UpOptions>;
  /** More services for the same process. */
  extra?(built: Built): Promise<readonly Service[]>;
}

/**
 * Opens the stores, brings them up to date, and runs all services until the signal, or until a file was read to its end.
 * Services of later kinds are added in `createOneProcess`.
 */
export const runEverything = async (where: StoreLocations & Addresses, how: RunPlan): Promise<void> => {
  const { screen, signal } = how;
  const { log, live } = screen;
  await requirePorts(where);
  live.update('starting: opening the stores');
  await using stores = new Stores(where, { log, signal });
  // Together, because each takes a second; a failure of any is awaited below.
  await Promise.all([stores.clickhouse(), stores.postgres(), stores.redis(), stores.bus()]);
  signal.throwIfAborted();
  live.update('starting: bringing the schema up to date');
  await migrateAll(stores, migratedStores, log);
  signal.throwIfAborted();
  const options = await withPort(await how.plan(stores));
  const context = { stores, log, registry: createMetrics(), details: new Map() };
  const ingest = await createIngest(options, context);
  const built = { ...(await createOneProcess(options, ingest, context)), ingest, stores };
  const extra = (await how.extra?.(built)) ?? [];
  const services = [...ingest.services, ...built.services, ...extra, monitor({ ...options, ...ingest, screen })];
  const startedMs = Date.now();
  await runAll(services, { signal: AbortSignal.any([signal, ingest.finished]), graceMs, log });
  live.finish();
  if (ingest.progress.finished) {
    process.stdout.write(replaySummary(options.replay ?? '', ingest.progress, Date.now() - startedMs));
  }
};

/** A port of its own where any would do: the names under which people reach this server are made of it. */
const withPort = async (options: UpOptions): Promise<UpOptions> =>
  options.port === 0 ? { ...options, port: await freePort() } : options;

/** Listens for a moment: a taken port is said at once, not after the stores were opened. */
const requirePorts = async ({ host, port, metricsPort }: Addresses): Promise<void> => {
  const wanted = [
    { name: 'status page', port, portFlag: '--port' },
    { name: 'metrics', port: metricsPort, portFlag: '--metrics-port' },
  ];
  for (const each of wanted) await serveHttp({ ...each, host, app: new Hono() }).run(AbortSignal.abort());
};
