import type { Hono } from 'hono';
import type { Redis } from 'ioredis';
import type { OutboxRelay } from '#pkg/outbox/relay.ts';
import type { Postgres } from '#pkg/postgres/client.ts';
import { createRestApp } from '#pkg/rest/app.ts';
import { RateLimits } from '#pkg/rest/limiter.ts';
import type { Clock } from '#pkg/runtime/clock.ts';
import type { Logger } from '#pkg/runtime/log.ts';
import type { Registry } from '#pkg/runtime/metrics.ts';
import type { ApiDocument } from '#pkg/rest/documents.ts';
import type { SessionSigner } from '#pkg/session/signer.ts';
import type { SessionStore } from '#pkg/session/store.ts';
import type { Verifier } from '#pkg/session/verifier.ts';
import type { CoreContext } from './context.ts';
import { CoreEvents } from './events.ts';
import type { CoreEnv } from './http/env.ts';
import type { Directory } from '#pkg/identity/directory.ts';
import { createSafeFetch, type SafeFetch } from '#pkg/identity/safe-fetch.ts';
import { type CoreLimits, DEFAULT_LIMITS } from './limits.ts';
import { addAnalysisRoutes } from './routes/analyses.ts';
import { addAuthRoutes } from './routes/auth.ts';
import { addPublicRoutes } from './routes/docs.ts';
import { addMeRoutes } from './routes/me.ts';

/** What core-api stands on. */
export interface CoreOptions {
  readonly postgres: Postgres;
  readonly redis: Redis;
  /** Of this process, and run by it. While none runs requests are accepted all the same, and wait. */
  readonly relay: Pick<OutboxRelay, 'offer'>;
  readonly sessions: SessionStore;
  readonly verifier: Verifier;
  readonly signer: SessionSigner;
  readonly directory: Directory;
  /** Asks PDSs to check app passwords; default `createSafeFetch()`, which reaches public addresses only. */
  readonly fetch?: SafeFetch;
  /** Our own DID: what a service-auth token must be for. */
  readonly serviceDid: string;
  /** Where people reach this server: `https://skyflow.example`. */
  readonly publicUrl: string;
  /** How many proxies of ours stand in front, each adding to `X-Forwarded-For`; default 0: the header is not believed. */
  readonly trustedProxies?: number;
  /** OpenAPI documents of other parts of the API, which `/openapi.json` and `/docs` then have too. */
  readonly otherDocuments?: readonly ApiDocument[];
  readonly clock: Clock;
  readonly log: Logger;
  readonly registry: Registry;
  readonly limits?: Partial<CoreLimits>;
}

/** core-api, to be served. */
export interface Core {
  /**
   * Answers `/api/v1/*`, `/openapi.json`, `/docs`, `/.well-known/jwks.json` and `/health`; everything else is a 404. Beside
   * others on one port, hand it the requests for its paths (`app.fetch(request, env)`) rather than mounting its routes:
   * its middleware is meant for these alone.
   */
  readonly app: Hono;
}

/** Puts core-api together. Nothing is opened here. */
export function createCore(options: CoreOptions): Core {
  const { redis, clock, log, registry, trustedProxies = 0 } = options;
  const events = new CoreEvents(log, registry);
  const core: CoreContext = {
    ...options,
    fetch: options.fetch ?? createSafeFetch(),
    publicUrl: options.publicUrl.replace(/\/+$/, ''),
    trustedProxies,
    otherDocuments: options.otherDocuments ?? [],
    limits: { ...DEFAULT_LIMITS, ...options.limits },
    rates: new RateLimits(redis),
    events,
  };
  const { publicUrl, limits } = core;
  const app = createRestApp<CoreEnv>({ clock, publicUrl, maxBodyBytes: limits.maxBodyBytes, events });
  addPublicRoutes(app, core);
  addAuthRoutes(app, core);
  addMeRoutes(app, core);
  addAnalysisRoutes(app, core);
  // What travels with a request is our own business.
  return { app: app as unknown as Hono };
}
