import { type ApiDocument, mergeDocuments } from '#pkg/rest/documents.ts';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { CoreContext } from '../context.ts';
import type { CoreEnv } from '../http/env.ts';
import { streamPath } from './stream-doc.ts';

const INTRODUCTION = `What is really happening in your Bluesky network: four lenses, Flow, Clout, Kudos and Pulse, over the whole network.

1. Sign in: \`POST /api/v1/auth/login\` gives an access token for an hour and a refresh token.
2. Listen: \`GET /sse\` tells when something of yours is done.
3. Ask: \`POST /api/v1/timeline/analyze\` answers 202 with an \`analysis_id\`.
4. Read: \`GET /api/v1/timeline/analyses/{id}\` has the board and the score.

Everything that goes wrong has one shape: \`{error, message, request_id}\`. \`error\` is for programs, \`message\` for people. The
request id is also in \`X-Request-Id\`; it follows the request through every event it causes, and a caller may choose it (a
UUID). Answers to whoever is signed in say in \`RateLimit-Limit\`, \`RateLimit-Remaining\` and \`RateLimit-Reset\` (seconds) what is left.`;

const TAGS = [
  { name: 'Sign-in', description: 'One session out of either way in: your PDS’ word, or handle and app password.' },
  { name: 'You', description: 'What you may do, and a ticket for the event stream.' },
  { name: 'Analyses', description: 'One lens, over one account, window and audience.' },
  { name: 'Events', description: 'Live, as server-sent events.' },
];

/** What `/openapi.json` says besides the routes. */
export const documentInfo = (publicUrl: string) => ({
  openapi: '3.1.0',
  info: { title: 'Skyflow', version: '1.0.0', description: INTRODUCTION, license: { name: 'MIT', identifier: 'MIT' } },
  servers: [{ url: publicUrl }],
  tags: TAGS,
  security: [{ session: [] }],
});

/** Everything is ours and nothing is inline but the styles that the reader sets on its own elements. */
const PAGE_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Skyflow API</title>
<link rel="stylesheet" href="/docs/swagger-ui.css">
<link rel="icon" href="data:,">
</head>
<body>
<div id="reader"></div>
<noscript>This page needs JavaScript. The API is described in <a href="/openapi.json">/openapi.json</a>.</noscript>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
`;

const START = `SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#reader',
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  // Its checks would send the document to a server of theirs.
  validatorUrl: null,
  // Whoever opened this page under another name or address of this server can try it out too: the page may ask its own only.
  requestInterceptor(request) {
    const { pathname, search } = new URL(request.url, location.href);
    request.url = location.origin + pathname + search;
    return request;
  },
});
`;

/** The files of the reader that the page needs, and no others. */
const FILES: Readonly<Record<string, string>> = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
};

/** GET openapi.json, docs, .well-known/jwks.json and health: what anybody may read. */
export function addPublicRoutes(app: OpenAPIHono<CoreEnv>, core: CoreContext): void {
  app.openAPIRegistry.registerComponent('securitySchemes', 'session', {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'The access_token of auth/login or auth/refresh.',
  });
  app.openAPIRegistry.registerPath(streamPath);
  let text: string | undefined;
  app.get('/openapi.json', (c) => {
    const own = (): ApiDocument => app.getOpenAPI31Document(documentInfo(core.publicUrl)) as unknown as ApiDocument;
    text ??= JSON.stringify(core.otherDocuments.reduce(mergeDocuments, own()));
    return c.body(text, 200, { 'content-type': 'application/json', 'cache-control': 'public, max-age=300' });
  });
  app.get('/.well-known/jwks.json', (c) => c.json(core.signer.jwks(), 200, { 'cache-control': 'public, max-age=300' }));
  app.get('/health', (c) => c.json({ ok: true }));

  const html = { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': PAGE_POLICY };
  app.get('/docs', (c) => c.body(PAGE, 200, html));
  app.get('/docs/start.js', (c) => c.body(START, 200, { 'content-type': 'text/javascript; charset=utf-8' }));
  for (const [name, type] of Object.entries(FILES)) {
    const load = loadOnce(name);
    app.get(`/docs/${name}`, async (c) => {
      const { bytes, etag } = await load();
      const headers = { etag, 'cache-control': 'public, max-age=3600' };
      if (c.req.header('if-none-match') === etag) return c.body(null, 304, headers);
      return c.body(bytes, 200, { ...headers, 'content-type': type });
    });
  }
}

function loadOnce(name: string): () => Promise<{ bytes: Uint8Array<ArrayBuffer>; etag: string }> {
  let loading: Promise<{ bytes: Uint8Array<ArrayBuffer>; etag: string }> | undefined;
  const load = async () => {
    const folder = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
    const bytes = new Uint8Array(await readFile(join(folder, name)));
    return { bytes, etag: `"${createHash('sha256').update(bytes).digest('base64url')}"` };
  };
  return () => {
    loading ??= load().catch((error: unknown) => {
      loading = undefined;
      throw error;
    });
    return loading;
  };
}
