import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { BROKEN, type Refusal, answerJson, preflight, refuse } from './answers.ts';
import { INTERACTIONS_METHOD, createInteractionsRoute } from './interactions-route.ts';
import { createServingMetrics } from './metrics.ts';
import { createPageCache } from './page-cache.ts';
import type { ServingParts } from './ports.ts';
import { GENERATOR_COLLECTION, SKELETON_METHOD, createSkeleton } from './skeleton.ts';
import { type Report, createReport } from './trouble.ts';
import { createReadViewer } from './viewer.ts';

export type { GivenInteraction, Interactions, Pins, ServingLimits, ServingParts } from './ports.ts';

/** What an app is asked by: the server's request, and what the server gives beside it. */
export interface ServingApp {
  fetch(request: Request, env?: object): Response | Promise<Response>;
}

const SKELETON_PATH = `/xrpc/${SKELETON_METHOD}`;
const PAGE_BYTES = 32 * 1024 * 1024;
const MAX_BODY_BYTES = 256 * 1024;

const NOT_FOUND: Refusal = { status: 404, error: 'NotFound', message: 'there is nothing here' };
const NOT_A_METHOD: Refusal = {
  status: 501,
  error: 'MethodNotImplemented',
  message: 'this service has no such method',
};
const TOO_LARGE: Refusal = {
  status: 413,
  error: 'PayloadTooLarge',
  message: `the body may have ${MAX_BODY_BYTES} bytes at most`,
};
const WRONG_VERB: Refusal = { status: 405, error: 'InvalidRequest', message: 'the method takes another HTTP verb' };

/** The feed generator as clients, PDSs and AppViews see it. */
export function createServing(parts: ServingParts): { readonly app: ServingApp } {
  const { clock, log, registry, hidden, limits } = parts;
  const pages = createPageCache(limits?.pageBytes ?? PAGE_BYTES, () => hidden.epoch());
  const metrics = createServingMetrics(registry, () => pages.bytes);
  const report = createReport({ clock, log, metrics });
  const readViewer = createReadViewer(parts);
  const skeleton = createSkeleton({ parts, metrics, pages, readViewer, report });
  const takeInteractions = createInteractionsRoute({ parts, metrics, readViewer, report });
  const app = new Hono();
  app.get(SKELETON_PATH, (c) => skeleton(c.req.raw, searchOf(c.req.url)));
  app.get('/xrpc/app.bsky.feed.describeFeedGenerator', () => answerJson(describeFeeds(parts)));
  app.get('/xrpc/_health', () => answerJson({ version: parts.version }));
  const atMost = bodyLimit({
    maxSize: MAX_BODY_BYTES,
    // The rest of the body is not read, so the connection cannot serve another request.
    onError: () => refuse(TOO_LARGE, { connection: 'close' }),
  });
  app.post(`/xrpc/${INTERACTIONS_METHOD}`, atMost, takeInteractions);
  const document = didDocument(parts);
  app.get('/.well-known/did.json', () => (document === undefined ? refuse(NOT_FOUND) : answerJson(document)));
  addTheRest(app, report);
  return { app: { fetch: (request, env) => quickly(request, skeleton) ?? app.fetch(request, env) } };
}

/** What all others are told. */
function addTheRest(app: Hono, report: Report): void {
  const reads = [SKELETON_PATH, '/xrpc/app.bsky.feed.describeFeedGenerator', '/xrpc/_health', '/.well-known/did.json'];
  app.options('*', preflight);
  for (const path of reads) app.all(path, () => refuse(WRONG_VERB, { allow: 'GET, HEAD, OPTIONS' }));
  app.all(`/xrpc/${INTERACTIONS_METHOD}`, () => refuse(WRONG_VERB, { allow: 'POST, OPTIONS' }));
  app.all('/xrpc/*', () => refuse(NOT_A_METHOD));
  app.notFound(() => refuse(NOT_FOUND));
  app.onError((error) => {
    report('request', error);
    return refuse(BROKEN);
  });
}

/** Nearly all requests are for a page of a feed: they take the way past the router, which costs as much as a page that is held. */
function quickly(
  request: Request,
  skeleton: (request: Request, search: string) => Promise<Response>,
): Promise<Response> | undefined {
  if (request.method !== 'GET') return undefined;
  const { url } = request;
  const pathAt = url.indexOf('/', url.indexOf('//') + 2);
  if (!url.startsWith(SKELETON_PATH, pathAt)) return undefined;
  const end = pathAt + SKELETON_PATH.length;
  if (url.length === end) return skeleton(request, '');
  return url[end] === '?' ? skeleton(request, url.slice(end + 1)) : undefined;
}

const searchOf = (url: string): string => {
  const at = url.indexOf('?');
  return at === -1 ? '' : url.slice(at + 1);
};

/** Every feed, under every account that published it. */
function describeFeeds({ catalogue, rules, serviceDid }: ServingParts): object {
  const feeds = catalogue
    .feeds()
    .flatMap(({ rkey }) =>
      [...rules.publishers(rkey)].map((did) => ({ uri: `at://${did}/${GENERATOR_COLLECTION}/${rkey}` })),
    );
  return { did: serviceDid, feeds };
}

/** Our DID's document, where the DID is that of our own host; another DID's is published elsewhere. */
function didDocument({ serviceDid, publicUrl }: ServingParts): object | undefined {
  const { host, origin } = new URL(publicUrl);
  if (serviceDid !== `did:web:${encodeURIComponent(host)}`) return undefined;
  return {
    '@context': ['https://www.w3.org/ns/did/v1'],
    id: serviceDid,
    service: [{ id: '#bsky_fg', type: 'BskyFeedGenerator', serviceEndpoint: origin }],
  };
}
