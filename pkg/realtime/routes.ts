import { randomUUID } from 'node:crypto';
import { ServerResponse } from 'node:http';
import type { HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { type Context, Hono } from 'hono';
import { sentence } from '#pkg/contracts/sentence.ts';
import type { Tier } from '#pkg/contracts/tiers.ts';
import { TIER_LIMITS } from '#pkg/contracts/tiers.ts';
import type { Logger } from '#pkg/runtime/log.ts';
import type { Session } from '#pkg/session/session.ts';
import { authenticate, type Checks, type NotLetIn } from './authenticate.ts';
import type { Door } from './door.ts';
import type { GatewayLimits } from './limits.ts';
import type { ConnectOutcome, GatewayMetrics } from './metrics.ts';
import { openSse } from './sse-response.ts';

/** What the route needs. */
export interface RouteOptions extends Checks {
  readonly door: Door;
  /** The tier by which a user's connections are limited. */
  readonly tierOf: (userId: string) => Promise<Tier>;
  readonly metrics: GatewayMetrics;
  readonly limits: GatewayLimits;
  readonly log: Logger;
}

/** Why there is no stream. */
interface Problem {
  readonly status: 401 | 405 | 429 | 503;
  readonly outcome: ConnectOutcome;
  readonly error: string;
  readonly message: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

const PROBLEMS = {
  draining: unavailable('the server is shutting down; connect again', 2),
  notReady: unavailable('the server has not reached its event stream yet', 5),
  full: { ...unavailable('this server has no room for more connections', 30), outcome: 'full' },
  storeAway: unavailable('it cannot be checked who you are at the moment', 5),
} as const satisfies Record<string, Problem>;

/** `GET /sse`. */
export function sseRoutes(options: RouteOptions): Hono {
  const app = new Hono();
  app.all('/sse', async (c) => {
    const given = c.req.header('x-request-id');
    const requestId = given !== undefined && UUID.test(given) ? given.toLowerCase() : randomUUID();
    const problem = await connect(c, requestId, options).catch((error: unknown) => {
      options.log.warn({ err: error, request_id: requestId }, 'an event stream could not be opened');
      return PROBLEMS.storeAway;
    });
    if (problem === undefined) {
      options.metrics.connects.inc('opened');
      return RESPONSE_ALREADY_SENT;
    }
    options.metrics.connects.inc(problem.outcome);
    return refuse(c, requestId, problem);
  });
  return app;
}

/** Opens the stream, or says why not. What can be refused before a ticket is used up is refused first. */
async function connect(c: Context, requestId: string, options: RouteOptions): Promise<Problem | undefined> {
  const { door, limits } = options;
  // A HEAD would be answered by the same route, and would hold a stream that nobody reads.
  if (c.req.method !== 'GET') return NOT_GET;
  if (door.draining) return PROBLEMS.draining;
  if (door.isFull) return PROBLEMS.full;
  if (!(await door.readyWithin(limits.readyWaitMs))) return PROBLEMS.notReady;
  const credentials = {
    authorization: c.req.header('authorization'),
    token: c.req.query('token'),
    ticket: c.req.query('ticket'),
  };
  const session = await authenticate(credentials, options);
  if ('refused' in session) return unauthorized(session);
  return admit(c, requestId, session, options);
}

async function admit(
  c: Context,
  requestId: string,
  session: Session,
  { door, tierOf }: RouteOptions,
): Promise<Problem | undefined> {
  const cap = TIER_LIMITS[await tierOf(session.userId)].sseConnections;
  const entry = await door.enter(session, cap);
  if (entry === undefined) return overCap(cap);
  try {
    // An empty one is what a browser has before its first event.
    const lastEventId = c.req.header('last-event-id') || c.req.query('last_event_id') || undefined;
    if (lastEventId !== undefined) await door.prepare(lastEventId);
    // Meanwhile it may have begun to shut down; nobody would close this one.
    if (door.draining) return await entry.refuse(PROBLEMS.draining);
    const { incoming, outgoing } = c.env as HttpBindings;
    const sink = outgoing instanceof ServerResponse ? openSse(outgoing, { 'x-request-id': requestId }) : undefined;
    if (sink === undefined) {
      incoming.destroy();
      return await entry.refuse(GONE);
    }
    const close = entry.open(sink, lastEventId);
    outgoing.on('close', close);
    // The socket may have gone between the look at it and now, without another word.
    if (outgoing.destroyed) close();
    return undefined;
  } catch (error) {
    await entry.refuse(undefined);
    throw error;
  }
}

const NOT_GET: Problem = {
  status: 405,
  outcome: 'gone',
  error: 'MethodNotAllowed',
  message: 'an event stream is asked for by GET',
  headers: { allow: 'GET' },
};

/** Nobody is there to read it. */
const GONE: Problem = { ...unavailable('the connection is gone', 1), outcome: 'gone' };

function unavailable(message: string, retryAfterS: number): Problem {
  return {
    status: 503,
    outcome: 'unavailable',
    error: 'ServiceUnavailable',
    message,
    headers: { 'retry-after': String(retryAfterS) },
  };
}

function unauthorized({ refused, error }: NotLetIn): Problem {
  const challenge = error === 'AuthenticationRequired' ? 'Bearer' : 'Bearer error="invalid_token"';
  return {
    status: 401,
    outcome: 'unauthorized',
    error,
    message: refused,
    headers: { 'www-authenticate': challenge },
  };
}

function overCap(cap: number): Problem {
  const message = `you have ${cap} open event streams, as many as your tier allows`;
  return {
    status: 429,
    outcome: 'over_cap',
    error: 'rate_limit_exceeded',
    message,
    headers: { 'retry-after': '30' },
  };
}

function refuse(c: Context, requestId: string, { status, error, message, headers }: Problem): Response {
  return c.json({ error, message: sentence(message), request_id: requestId }, status, {
    ...headers,
    'cache-control': 'no-store',
    'x-request-id': requestId,
  });
}
