import { createTimeline } from '#pkg/analysis/worker/timeline.ts';
import { createLenses, type Lenses } from '#pkg/analysis/lenses.ts';
import { createPublisher } from '#pkg/bus/publish.ts';
import { reconcileStreams } from '#pkg/bus/streams.ts';
import { createCore } from '#pkg/core/core.ts';
import { createGamification, type Gamification } from '#pkg/gamification/gamification.ts';
import { gamificationDocument } from '#pkg/gamification/rest/described.ts';
import { createFeedGenerator, type FeedGenerator } from '#pkg/feeds/feed-generator.ts';
import { feedsDocument } from '#pkg/feeds/rest/described.ts';
import type { Tier } from '#pkg/contracts/tiers.ts';
import { createDirectory, type Directory } from '#pkg/identity/directory.ts';
import { createSafeFetch } from '#pkg/identity/safe-fetch.ts';
import { readUser } from '#pkg/core/store/users.ts';
import { gatewayPlace } from '#pkg/outbox/place.ts';
import { OutboxRelay } from '#pkg/outbox/relay.ts';
import type { Postgres } from '#pkg/postgres/client.ts';
import { createRouter } from '#pkg/router/router.ts';
import { createGateway } from '#pkg/realtime/gateway.ts';
import { systemClock } from '#pkg/runtime/clock.ts';
import type { Service } from '#pkg/runtime/lifecycle.ts';
import type { Logger } from '#pkg/runtime/log.ts';
import type { Registry } from '#pkg/runtime/metrics.ts';
import type { SessionSigner } from '#pkg/session/signer.ts';
import { createSessionStore, type SessionStore } from '#pkg/session/store.ts';
import { redeemTicket } from '#pkg/session/tickets.ts';
import { createVerifier, type VerifierOptions } from '#pkg/session/verifier.ts';
import type { Stores } from './compose.ts';
import type { App } from './one-port.ts';
import type { PublicNames } from './public-names.ts';
import { feedsReport, type ReadyDetails } from './report.ts';
import { readVersion } from './version.ts';

/** What every part needs. */
export interface PartContext {
  readonly stores: Stores;
  readonly log: Logger;
  /** The process's own: each part adds its metrics. */
  readonly registry: Registry;
  /** What `/ready` tells: a part may add something. */
  readonly details: ReadyDetails;
}

/** What the options say about the API, wherever it runs. */
export interface ApiOptions extends PublicNames {
  /** Undefined: the public directory. */
  readonly plcUrl: string | undefined;
  readonly allowPrivateHosts: boolean;
  readonly trustedProxies: number;
  /** Instead of the network's; default: by `plcUrl`. */
  readonly directory?: Directory | undefined;
}

/** Who answers to a handle or DID: the network's own directory unless the options bring another. */
const directoryOf = ({ directory, plcUrl, allowPrivateHosts: allowPrivate }: ApiOptions): Directory =>
  directory ?? createDirectory({ clock: systemClock, plcUrl, allowPrivate });

/** A part that answers people. */
export interface WebPart {
  readonly app: App;
  readonly services: readonly Service[];
}

/** Streams and durables before anything publishes or consumes: a durable that is missing keeps no message. */
export const prepareBus = async ({ stores, log }: PartContext): Promise<void> => {
  await reconcileStreams(await stores.bus(), log.child({ component: 'bus' }));
};

/** Brings the events of the outbox onto the bus: one a process, whose service is to be run. */
export const createRelay = async ({ stores, log, registry }: PartContext): Promise<OutboxRelay> => {
  const bus = await stores.bus();
  const own = log.child({ component: 'outbox' });
  return new OutboxRelay({
    postgres: await stores.postgres(),
    publisher: createPublisher(bus, own),
    place: gatewayPlace(bus),
    clock: systemClock,
    log: own,
    registry,
  });
};

/** core-api: needs Postgres (migrated), Redis and NATS. */
export const createApiPart = async (
  options: ApiOptions,
  { signer, relay }: { readonly signer: SessionSigner; readonly relay: OutboxRelay },
  context: PartContext,
): Promise<Pick<WebPart, 'app'> & { readonly sessions: SessionStore }> => {
  const { stores, registry } = context;
  const log = context.log.child({ component: 'core-api' });
  const { redis } = await stores.redis();
  const clock = systemClock;
  const sessions = createSessionStore({ redis, signer, clock });
  const core = createCore({
    postgres: await stores.postgres(),
    redis,
    relay,
    sessions,
    verifier: createVerifier({ jwks: () => signer.jwks(), redis, clock }),
    signer,
    directory: directoryOf(options),
    fetch: createSafeFetch({ allowPrivate: options.allowPrivateHosts }),
    serviceDid: options.serviceDid,
    publicUrl: options.publicUrl,
    trustedProxies: options.trustedProxies,
    // Wherever they run: people look for one API.
    otherDocuments: [feedsDocument(options.publicUrl), gamificationDocument(options.publicUrl)],
    clock,
    log,
    registry,
  });
  return { app: core.app, sessions };
};

/** The lenses over ClickHouse (migrated), with the background refresh of what scores are compared with. */
export const createLensPart = async ({ stores, log }: Pick<PartContext, 'stores' | 'log'>): Promise<Lenses> =>
  createLenses({ store: await stores.clickhouse(), clock: systemClock, log: log.child({ component: 'lenses' }) });

/** timeline: needs ClickHouse and Postgres (migrated), Redis and NATS. */
export const createTimelinePart = async (lenses: Lenses, context: PartContext): Promise<readonly Service[]> => {
  // It names its lines itself, as the gateway does.
  const { stores, log, registry } = context;
  const bus = await stores.bus();
  const { services } = createTimeline({
    lenses,
    postgres: await stores.postgres(),
    redis: (await stores.redis()).redis,
    bus,
    publisher: createPublisher(bus, log),
    clock: systemClock,
    log,
    registry,
  });
  return [...lenses.services, ...services];
};

/**
 * realtime-gateway: needs Redis and NATS, and the public keys of core-api. `withTiers`: Postgres is here too, so that each
 * user gets the connections of their tier; else everybody gets those of the lowest.
 */
export const createGatewayPart = async (
  { jwks, withTiers }: Pick<VerifierOptions, 'jwks'> & { readonly withTiers: boolean },
  context: PartContext,
): Promise<WebPart> => {
  const { stores, registry } = context;
  const { redis } = await stores.redis();
  const clock = systemClock;
  const postgres = withTiers ? await stores.postgres() : undefined;
  return createGateway({
    ...(postgres === undefined ? {} : { tierOf: (userId) => tierOf(postgres, userId) }),
    redis,
    subscriber: (await stores.subscriber()).redis,
    bus: await stores.bus(),
    verifier: createVerifier({ jwks, redis, clock }),
    redeem: (ticket) => redeemTicket(redis, ticket),
    clock,
    log: context.log,
    registry,
  });
};

/** A limit is no reason to keep anybody out while Postgres is away. */
const tierOf = async (postgres: Postgres, userId: string): Promise<Tier> => {
  const user = await readUser(postgres, userId).catch(() => undefined);
  return user?.tier ?? 'drift';
};

/** What the options say about feeds. */
export interface FeedOptions extends ApiOptions {
  readonly feedsDir: string | undefined;
  readonly blockedLabels: readonly string[];
}

/** feedgen: needs ClickHouse and Postgres (migrated) and Redis, and the public keys of core-api. */
export const createFeedPart = async (
  options: FeedOptions,
  { jwks }: Pick<VerifierOptions, 'jwks'>,
  { stores, log, registry, details }: PartContext,
): Promise<FeedGenerator> => {
  const { redis } = await stores.redis();
  const clock = systemClock;
  const feeds = await createFeedGenerator({
    ...options,
    store: await stores.clickhouse(),
    postgres: await stores.postgres(),
    redis,
    directory: directoryOf(options),
    verifier: createVerifier({ jwks, redis, clock }),
    version: readVersion(),
    blockedLabels: new Set(options.blockedLabels),
    clock,
    log: log.child({ component: 'feeds' }),
    registry,
  });
  details.set('feeds', () => feedsReport(feeds.health(), feeds.parts.catalogue.problems()));
  return feeds;
};

/** gamification: needs ClickHouse and Postgres (migrated), Redis and NATS, and the public keys of core-api. */
export const createGamificationPart = async (
  options: Pick<ApiOptions, 'publicUrl' | 'trustedProxies'> & { readonly relay: OutboxRelay },
  { jwks }: Pick<VerifierOptions, 'jwks'>,
  { stores, log, registry }: PartContext,
): Promise<WebPart & Pick<Gamification, 'rebuild'>> => {
  const { redis } = await stores.redis();
  const clock = systemClock;
  return createGamification({
    ...options,
    postgres: await stores.postgres(),
    redis,
    bus: await stores.bus(),
    store: await stores.clickhouse(),
    verifier: createVerifier({ jwks, redis, clock }),
    clock,
    log: log.child({ component: 'gamification' }),
    registry,
  });
};

/** event-router: needs Postgres (migrated) and NATS. */
export const createRouterPart = async ({ stores, log, registry }: PartContext): Promise<readonly Service[]> => {
  const { services } = createRouter({
    postgres: await stores.postgres(),
    bus: await stores.bus(),
    clock: systemClock,
    log,
    registry,
  });
  return services;
};
