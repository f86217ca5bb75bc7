import { Hono } from 'hono';
import { adminSocketPath } from '#pkg/admin/socket-path.ts';
import { runSql } from '#pkg/admin/run-sql.ts';
import { serveAdmin } from '#pkg/admin/server.ts';
import { serveHttp } from '#pkg/runtime/http.ts';
import { runAll, type Service } from '#pkg/runtime/lifecycle.ts';
import type { Logger } from '#pkg/runtime/log.ts';
import type { OptionsOf } from '#pkg/runtime/options.ts';
import { type StoreLocations, Stores } from '../compose.ts';
import { createIngest, type Ingest, type IngestOptions } from '../ingest.ts';
import { migrateAll, migratedStores } from '../migrations.ts';
import { monitor } from '../monitor.ts';
import { statusPage } from '../page/page.ts';
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
export interface UpOptions extends IngestOptions, StoreLocations, Addresses {
  readonly offlineHint?: string;
}

/** `skyflow up`: everything in one process. */
export const up = async (options: OptionsOf<'up'>): Promise<void> => {
  if (options.replay !== undefined) await checkReplay(options.replay);
  using screen = openScreen(options);
  await untilStopped((signal) =>
    runEverything(options, { screen, signal, plan: async () => ({ ...options, offlineHint }) }),
  );
};

/**
 * Opens the stores, brings them up to date, asks `plan` what to read (the stores are ready by then), and runs all services
 * until the signal, or until a file was read to its end. Services of later kinds are added in `servicesOf`.
 */
export const runEverything = async (
  where: StoreLocations & Addresses,
  how: { readonly screen: Screen; readonly signal: AbortSignal; plan(stores: Stores): Promise<UpOptions> },
): Promise<void> => {
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
  const options = await how.plan(stores);
  const ingest = await createIngest(options, stores, log);
  const services = [
    ...(await servicesOf(options, { ingest, stores, log })),
    monitor({ ...options, ...ingest, screen }),
  ];
  const startedMs = Date.now();
  await runAll(services, { signal: AbortSignal.any([signal, ingest.finished]), graceMs, log });
  live.finish();
  if (ingest.progress.finished) {
    process.stdout.write(replaySummary(options.replay ?? '', ingest.progress, Date.now() - startedMs));
  }
};

/** Listens for a moment: a taken port is said at once, not after the stores were opened. */
const requirePorts = async ({ host, port, metricsPort }: Addresses): Promise<void> => {
  const wanted = [
    { name: 'status page', port, portFlag: '--port' },
    { name: 'metrics', port: metricsPort, portFlag: '--metrics-port' },
  ];
  for (const each of wanted) await serveHttp({ ...each, host, app: new Hono() }).run(AbortSignal.abort());
};

interface Parts {
  readonly ingest: Ingest;
  readonly stores: Stores;
  readonly log: Logger;
}

const servicesOf = async (options: UpOptions, { ingest, stores, log }: Parts): Promise<Service[]> => {
  const page = serveHttp({
    name: 'status page',
    host: options.host,
    port: options.port,
    app: statusPage(() => ingest.reader.read()),
    portFlag: '--port',
  });
  page.listening.then(
    ({ port }) => log.info(`Skyflow is running: http://${shownHost(options.host)}:${port}`),
    () => undefined,
  );
  return [...ingest.services, page, ...(await adminServices({ ingest, stores, log }))];
};

/** The local way in for `sql` and `status`; there is none where the folder's path is too long for a socket. */
const adminServices = async ({ ingest, stores, log }: Parts): Promise<Service[]> => {
  const store = await stores.clickhouse();
  const path = adminSocketPath((await stores.dataDir()).path);
  if (path === undefined) {
    log.warn('the path of the data folder is too long for a socket: sql and status will not work while this runs');
    return [];
  }
  return [serveAdmin({ path, sql: (request) => runSql(store, request), status: () => ingest.reader.read() })];
};

const shownHost = (host: string): string => {
  if (host === '0.0.0.0' || host === '::') return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
};
