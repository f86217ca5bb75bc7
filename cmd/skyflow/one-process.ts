import { adminSocketPath } from '#pkg/admin/socket-path.ts';
import { runSql } from '#pkg/admin/run-sql.ts';
import { type AdminOptions, serveAdmin } from '#pkg/admin/server.ts';
import type { Lenses } from '#pkg/analysis/lenses.ts';
import { type HttpService, serveHttp } from '#pkg/runtime/http.ts';
import { postgresUpkeep } from '#pkg/postgres/upkeep.ts';
import { systemClock } from '#pkg/runtime/clock.ts';
import type { Service } from '#pkg/runtime/lifecycle.ts';
import { loadSigner } from '#pkg/session/signer.ts';
import type { SessionStore } from '#pkg/session/store.ts';
import { openAnalyst } from './analyze/open-analyst.ts';
import { feedOperator } from './feeds/serving-operator.ts';
import { inventedDirectory } from './demo/invented-directory.ts';
import type { Ingest } from './ingest.ts';
import { feedsApp, onePort } from './one-port.ts';
import { statusPage } from './page/page.ts';
import { feedsReport, type FullReport } from './report.ts';
import { createPlayersOperator } from './players/operator.ts';
import { createRouterOperator } from './router/operator.ts';
import { publicNames } from './public-names.ts';
import {
  createApiPart,
  createGamificationPart,
  createFeedPart,
  createGatewayPart,
  createLensPart,
  createRelay,
  createRouterPart,
  createTimelinePart,
  type FeedOptions,
  type PartContext,
  prepareBus,
} from './services.ts';

/** What `up` and `demo` are told about serving people. */
export interface OneProcessOptions extends Pick<
  FeedOptions,
  'allowPrivateHosts' | 'trustedProxies' | 'feedsDir' | 'blockedLabels'
> {
  readonly host: string;
  /** Not 0: the names of this server are made of it. */
  readonly port: number;
  readonly publicUrl?: string | undefined;
  readonly serviceDid?: string | undefined;
  /** Undefined: there is no network behind the index. */
  readonly plcUrl: string | undefined;
}

/** Everything that answers questions about what was indexed, on one port, and what others in this process need of it. */
export interface OneProcess {
  readonly services: readonly Service[];
  readonly listening: HttpService['listening'];
  readonly sessions: SessionStore;
  readonly lenses: Lenses;
}

/** Needs all four stores, migrated. Streams are brought up to date here. */
export const createOneProcess = async (
  options: OneProcessOptions,
  ingest: Ingest,
  context: PartContext,
): Promise<OneProcess> => {
  const { stores, log } = context;
  await prepareBus(context);
  const signer = await loadSigner({ folder: await (await stores.dataDir()).folder('session') });
  const names = publicNames(options, options.port);
  const directory = options.plcUrl === undefined ? inventedDirectory(await stores.clickhouse()) : undefined;
  const relay = await createRelay(context);
  const api = await createApiPart({ ...options, ...names, directory }, { signer, relay }, context);
  const lenses = await createLensPart(context);
  const timeline = await createTimelinePart(lenses, context);
  const asked = { ...names, trustedProxies: options.trustedProxies, relay };
  const gamification = await createGamificationPart(asked, { jwks: () => signer.jwks() }, context);
  const router = await createRouterPart(context);
  const feeds = await createFeedPart({ ...options, ...names, directory }, { jwks: () => signer.jwks() }, context);
  const gateway = await createGatewayPart({ jwks: () => signer.jwks(), withTiers: true }, context);
  const status = async (): Promise<FullReport> => ({
    ...(await ingest.reader.read()),
    feeds: feedsReport(feeds.health(), feeds.parts.catalogue.problems()),
  });
  const page = statusPage(status);
  const web = serveHttp({
    name: 'status page',
    host: options.host,
    port: options.port,
    app: onePort({ api: api.app, gamification: gamification.app, feeds: feedsApp(feeds), sse: gateway.app, page }),
    portFlag: '--port',
  });
  web.listening.then(
    ({ port }) => log.info(`Skyflow is running: http://${shownHost(options.host)}:${port}`),
    () => undefined,
  );
  const postgres = await stores.postgres();
  const operators = {
    feeds: feedOperator(feeds),
    router: createRouterOperator({ postgres, bus: () => stores.bus(), clock: systemClock }),
    players: createPlayersOperator({
      postgres,
      offer: (events) => relay.offer(events),
      rebuild: gamification.rebuild,
      clock: systemClock,
    }),
  };
  const admin = await adminServices(options, { status, lenses, ...operators, context });
  const counting = [...gamification.services, ...router];
  const answering = [...timeline, ...feeds.services, ...gateway.services];
  const upkeep = postgresUpkeep(postgres, { clock: systemClock, log });
  const services = [relay, ...answering, ...counting, web, ...admin, upkeep];
  return { services, listening: web.listening, sessions: api.sessions, lenses };
};

/** The local way in for commands that ask or order something; there is none where the folder's path is too long for a socket. */
const adminServices = async (
  { plcUrl }: OneProcessOptions,
  parts: Pick<AdminOptions, 'feeds' | 'router' | 'players'> & {
    readonly status: () => Promise<FullReport>;
    readonly lenses: Lenses;
    readonly context: PartContext;
  },
): Promise<Service[]> => {
  const { lenses, context, ...rest } = parts;
  const store = await context.stores.clickhouse();
  const path = adminSocketPath((await context.stores.dataDir()).path);
  if (path === undefined) {
    context.log.warn(
      'the path of the data folder is too long for a socket: commands will not reach this process while it runs',
    );
    return [];
  }
  return [
    serveAdmin({
      path,
      sql: (request) => runSql(store, request),
      analyze: openAnalyst({ store, lenses, plcUrl }),
      ...rest,
    }),
  ];
};

const shownHost = (host: string): string => {
  if (host === '0.0.0.0' || host === '::') return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
};
