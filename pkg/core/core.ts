import { OpenAPIHono } from '@hono/zod-openapi';
import type { Hono } from 'hono';
import { HTTPException } from 'hono/http-exception';
import type { Redis } from 'ioredis';
import type { ZodError } from 'zod';
import type { Publisher } from '#pkg/bus/publish.ts';
import type { Postgres } from '#pkg/postgres/client.ts';
import type { Clock } from '#pkg/runtime/clock.ts';
import type { Service } from '#pkg/runtime/lifecycle.ts';
import type { Logger } from '#pkg/runtime/log.ts';
import type { Registry } from '#pkg/runtime/metrics.ts';
import type { SessionSigner } from '#pkg/session/signer.ts';
import type { SessionStore } from '#pkg/session/store.ts';
import type { Verifier } from '#pkg/session/verifier.ts';
import { StoreAwayError } from './away.ts';
import type { CoreContext } from './context.ts';
import { CoreEvents } from './events.ts';
import type { CoreEnv } from './http/env.ts';
import { problem, RETRY_SOON } from './http/problem.ts';
import { limitBody, requestIds, securityHeaders } from './http/shield.ts';
import type { Directory } from '#pkg/identity/directory.ts';
import { createSafeFetch, type SafeFetch } from '#pkg/identity/safe-fetch.ts';
import { RateLimits } from './limiter.ts';
import { type CoreLimits, DEFAULT_LIMITS } from './limits.ts';
import { OutboxRelay } from './outbox/relay.ts';
import { addAnalysisRoutes } from './routes/analyses.ts';
import { addAuthRoutes } from './routes/auth.ts';
import { addPublicRoutes } from './routes/docs.ts';
import { addMeRoutes } from './routes/me.ts';

/** What core-api stands on. */
export interface CoreOptions {
  readonly postgres: Postgres;
  readonly redis: Redis;
  readonly publisher: Publisher;
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
  readonly clock: Clock;
  readonly log: Logger;
  readonly registry: Registry;
  readonly limits?: Partial<CoreLimits>;
}

/** core-api, to be served and run. */
export interface Core {
  /**
   * Answers `/api/v1/*`, `/openapi.json`, `/docs`, `/.well-known/jwks.json` and `/health`; everything else is a 404. Beside
   * others on one port, hand it the requests for its paths (`app.fetch(request, env)`) rather than mounting its routes:
   * its middleware is meant for these alone.
   */
  readonly app: Hono;
  /** The outbox's relay. Without it requests are accepted all the same, and wait. */
  readonly services: readonly Service[];
}

/** Puts core-api together. Nothing is opened here, and nothing runs until the services do. */
export function createCore(options: CoreOptions): Core {
  const { postgres, redis, publisher, clock, log, registry, trustedProxies = 0 } = options;
  const events = new CoreEvents(log, registry);
  const relay = new OutboxRelay({ postgres, publisher, clock, events });
  const core: CoreContext = {
    ...options,
    fetch: options.fetch ?? createSafeFetch(),
    publicUrl: options.publicUrl.replace(/\/+$/, ''),
    trustedProxies,
    limits: { ...DEFAULT_LIMITS, ...options.limits },
    rates: new RateLimits(redis),
    relay,
    events,
  };
  const app = createApp(core);
  addPublicRoutes(app, core);
  addAuthRoutes(app, core);
  addMeRoutes(app, core);
  addAnalysisRoutes(app, core);
  // What travels with a request is our own business.
  return { app: app as unknown as Hono, services: [relay] };
}

/** The application with everything that concerns all routes. */
function createApp({ events, limits, publicUrl, clock }: CoreContext): OpenAPIHono<CoreEnv> {
  const app = new OpenAPIHono<CoreEnv>({
    defaultHook: (result, c) => {
      if (result.success) return undefined;
      return problem(c, 400, { error: 'InvalidRequest', message: saysWhat(result.target, result.error) });
    },
  });
  app.use(requestIds());
  app.use(async (c, next) => {
    const startMs = clock.nowMs();
    await next();
    events.answered(c.res.status, (clock.nowMs() - startMs) / 1000);
  });
  app.use(securityHeaders(publicUrl.startsWith('https:')));
  app.use(limitBody(limits.maxBodyBytes));
  app.notFound((c) => problem(c, 404, { error: 'NotFound', message: 'There is nothing here. See /docs.' }));
  app.onError((error, c) => {
    if (error instanceof HTTPException) {
      if (error.status === 415) {
        return problem(c, 415, { error: 'UnsupportedMediaType', message: 'Send JSON, as application/json.' });
      }
      if (error.status < 500)
        return problem(c, 400, { error: 'InvalidRequest', message: 'The body is not valid JSON.' });
    }
    events.requestFailed(error, { correlationId: c.var.requestId, method: c.req.method, path: c.req.path });
    if (error instanceof StoreAwayError) {
      const message = 'Something this needs is away. Try again in a moment.';
      return problem(c, 503, { error: 'ServiceUnavailable', message }, RETRY_SOON);
    }
    return problem(c, 500, { error: 'InternalServerError', message: 'Something went wrong here. It is in our log.' });
  });
  return app;
}

/** The first three of what is wrong, in short; a client's own names are repeated, its values are not. */
function saysWhat(target: string, error: ZodError | { issues: ZodError['issues'] }): string {
  const lines = error.issues.slice(0, 3).map(({ path, message }) => {
    const where = path.map(String).join('.');
    return where === '' ? message : `${where}: ${message}`;
  });
  return `${target === 'json' ? 'body' : target}: ${lines.join('; ')}`.slice(0, 300);
}
