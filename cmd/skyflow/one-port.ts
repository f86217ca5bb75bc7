import type { HttpBindings } from '@hono/node-server';
import { Hono } from 'hono';
import type { FeedGenerator } from '#pkg/feeds/feed-generator.ts';
import { FEED_REST_PATHS } from '#pkg/feeds/rest/rest.ts';
import { GAMIFICATION_PATHS } from '#pkg/gamification/rest/rest.ts';

/** What the HTTP server gives an app beside the request; empty where there is no server, as in tests. */
export type Bindings = Partial<HttpBindings>;

/** An app of any kind, asked with the bindings of the server that got the request. */
export interface App {
  fetch(request: Request, env: Bindings): Response | Promise<Response>;
}

/** What core-api answers; everything below `/api` and its reference. Caddy sends the same to it. */
export const API_PATHS = ['/api/*', '/openapi.json', '/docs', '/docs/*', '/.well-known/jwks.json'] as const;

/** What the feed generator answers; those under `/api` before core-api, which has everything else there. */
export const FEED_PATHS = ['/xrpc/*', '/.well-known/did.json', ...FEED_REST_PATHS] as const;

/** The feed generator as one app. */
export const feedsApp = ({ xrpc, rest }: Pick<FeedGenerator, 'xrpc' | 'rest'>): App => ({
  fetch: (request, env) => (isXrpc(request.url) ? xrpc : rest).fetch(request, env),
});

const isXrpc = (url: string): boolean => /^[a-z]+:\/\/[^/]*\/(?:xrpc\/|\.well-known\/)/.test(url);

/**
 * The public port of `up`: each part keeps its own middleware, its own 404 and its own errors, so that it answers here just
 * as it does when it runs apart.
 */
export const onePort = (apps: {
  readonly api: App;
  readonly gamification: App;
  readonly feeds: App;
  readonly sse: App;
  readonly page: App;
}): Hono => {
  const app = new Hono<{ Bindings: Bindings }>();
  app.all('/sse', (c) => apps.sse.fetch(c.req.raw, c.env));
  for (const path of FEED_PATHS) app.all(path, (c) => apps.feeds.fetch(c.req.raw, c.env));
  for (const path of GAMIFICATION_PATHS) app.all(path, (c) => apps.gamification.fetch(c.req.raw, c.env));
  for (const path of API_PATHS) app.all(path, (c) => apps.api.fetch(c.req.raw, c.env));
  app.all('*', (c) => apps.page.fetch(c.req.raw, c.env));
  return app as unknown as Hono;
};
