import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import { issueTicket } from '#pkg/session/tickets.ts';
import { onRedis } from '#pkg/rest/away.ts';
import type { CoreContext } from '../context.ts';
import type { CoreEnv } from '../http/env.ts';
import { authenticate, limitRequests, requireTier } from '../http/guards.ts';
import { problems } from '#pkg/rest/problem.ts';
import { analysesAllowance } from '../limits.ts';
import { EXAMPLES } from './examples.ts';
import { json, meBody, ticketBody } from './schemas.ts';

const tags = ['You'];

const meRoute = (core: CoreContext) =>
  createRoute({
    method: 'get',
    path: '/api/v1/me',
    operationId: 'getMe',
    tags,
    summary: 'Who you are and what you may do',
    description: 'The limits of your tier, and how much of this hour’s analyses is left.',
    middleware: [authenticate(core), requireTier(core, 'drift'), limitRequests(core)] as const,
    responses: {
      200: { description: 'You.', content: json(meBody, EXAMPLES.me) },
      ...problems(401, 403, 429, 500, 503),
    },
  });

const ticketRoute = (core: CoreContext) =>
  createRoute({
    method: 'post',
    path: '/api/v1/sse/ticket',
    operationId: 'createTicket',
    tags,
    summary: 'Get a ticket for the stream of events',
    description: 'Good once, within a minute, so that no access token need stand in the URL of an EventSource.',
    middleware: [authenticate(core), limitRequests(core)] as const,
    responses: {
      200: { description: 'A ticket.', content: json(ticketBody, EXAMPLES.ticket) },
      ...problems(401, 413, 429, 500, 503),
    },
  });

const finite = (count: number): number | null => (count === Infinity ? null : count);

/** GET me and POST sse/ticket. */
export function addMeRoutes(app: OpenAPIHono<CoreEnv>, core: CoreContext): void {
  app.openapi(meRoute(core), async (c) => {
    const { did, handle, tier, createdAt } = c.var.user;
    const limits = core.limits.tiers[tier];
    const { remaining, resetMs } = await core.rates.look('analyses', did, analysesAllowance(limits));
    const body = {
      did,
      handle,
      tier,
      created_at: createdAt.toISOString(),
      limits: {
        analyses_per_hour: finite(limits.analysesPerHour),
        analyses_left: finite(remaining),
        analyses_reset_at: resetMs === 0 ? null : new Date(core.clock.nowMs() + resetMs).toISOString(),
        concurrent_analyses: limits.concurrentAnalyses,
        sse_connections: limits.sseConnections,
        cache_minutes: limits.cacheMinutes,
      },
    };
    return c.json(body, 200);
  });

  app.openapi(ticketRoute(core), async (c) => {
    const { ticket, expiresAt } = await onRedis(issueTicket(core.redis, c.var.session, core.clock));
    return c.json({ ticket, expires_at: expiresAt }, 200);
  });
}
