import { createHash, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Hono } from 'hono';
import type { FullReport } from '../report.ts';

const readPart = (file: string): string => readFileSync(new URL(file, import.meta.url), 'utf8');

const hashOf = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/** The page in one piece, and the policy that lets exactly this style and this script run and nothing else. */
const buildPage = (): { html: string; policy: string } => {
  const style = `\n${readPart('status.css')}`;
  const script = `\n${readPart('feeds.js')}\n${readPart('status.js')}`;
  // Replaced by functions: in a replacement text, `$&` and its like would mean something.
  const html = readPart('status.html')
    .replace('<style></style>', () => `<style>${style}</style>`)
    .replace('<script></script>', () => `<script>${script}</script>`);
  const policy = [
    "default-src 'none'",
    `style-src ${hashOf(style)}`,
    `script-src ${hashOf(script)}`,
    "connect-src 'self'",
    // The pictures of feeds come from the same server.
    "img-src data: 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
  return { html, policy };
};

/** The shape of everything that goes wrong on this port. */
const problem = (error: string, message: string) => ({ error, message, request_id: randomUUID() });

/** The public routes of `up`: the status page, what it shows as `/status.json`, and `/health`. */
export const statusPage = (status: () => Promise<FullReport>): Hono => {
  const { html, policy } = buildPage();
  const app = new Hono();
  app.use(async (c, next) => {
    await next();
    c.header('x-content-type-options', 'nosniff');
    c.header('referrer-policy', 'no-referrer');
    c.header('cache-control', 'no-store');
  });
  app.get('/', (c) => c.html(html, 200, { 'content-security-policy': policy }));
  app.get('/status.json', async (c) => c.json(await status()));
  app.get('/health', (c) => c.json({ ok: true }));
  app.notFound((c) => c.json(problem('NotFound', 'There is nothing here. See / and /docs.'), 404));
  app.onError((_, c) => c.json(problem('ServiceUnavailable', 'The status cannot be read now. Try again soon.'), 503));
  return app;
};
