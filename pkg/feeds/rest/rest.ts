import type { Hono } from 'hono';
import { createRestApp } from '#pkg/rest/app.ts';
import { RateLimits } from '#pkg/rest/limiter.ts';
import { addAdminFeedRoutes } from './admin-routes.ts';
import { DEFAULT_FEED_REST_LIMITS, type FeedRestContext, type FeedRestEnv } from './context.ts';
import { feedsDocument } from './described.ts';
import { FeedRestEvents } from './events.ts';
import type { FeedRestParts } from './ports.ts';
import { addPublicFeedRoutes } from './public-routes.ts';
import { addSyndicationRoute } from './syndication/route.ts';

/** What the app answers. Beside others on one port these come before `/api/*`, which is core-api's. */
export const FEED_REST_PATHS = ['/api/v1/feeds', '/api/v1/feeds/*', '/api/admin/*', '/feeds/*'] as const;

/** The REST API of feeds: public reading, explanations, the operator's programs, and feeds for readers without an account. */
export function createFeedRest(parts: FeedRestParts): Hono {
  const { clock, log, registry, redis, trustedProxies = 0 } = parts;
  const publicUrl = parts.publicUrl.replace(/\/+$/, '');
  const limits = { ...DEFAULT_FEED_REST_LIMITS, ...parts.limits };
  const events = new FeedRestEvents(log, registry);
  const context: FeedRestContext = {
    ...parts,
    publicUrl,
    limits,
    trustedProxies,
    rates: new RateLimits(redis),
    events,
  };
  const app = createRestApp<FeedRestEnv>({ clock, publicUrl, maxBodyBytes: limits.maxBodyBytes, events });
  let document: string | undefined;
  app.get('/api/v1/feeds/openapi.json', (c) => {
    document ??= JSON.stringify(feedsDocument(publicUrl));
    return c.body(document, 200, { 'content-type': 'application/json', 'cache-control': 'public, max-age=300' });
  });
  addPublicFeedRoutes(app, context);
  addAdminFeedRoutes(app, context);
  addSyndicationRoute(app, context);
  // What travels with a request is our own business.
  return app as unknown as Hono;
}
