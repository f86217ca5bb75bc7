import { chmodSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { z } from 'zod';
import type { Service } from '#pkg/runtime/lifecycle.ts';
import { aborted } from '#pkg/runtime/waiting.ts';
import { type FeedsOperator, feedsRequest } from './feeds.ts';
import {
  type AnalyzeOutcome,
  type AnalyzeRequest,
  analyzeRequest,
  type SqlOutcome,
  type SqlRequest,
  sqlRequest,
} from './protocol.ts';
import { type PlayersOperator, playersRequest } from './players.ts';
import { type RouterOperator, routerRequest } from './router.ts';

export interface AdminOptions {
  /** See `adminSocketPath`. The caller holds the data folder, so whatever lies there already is a dead process's. */
  path: string;
  sql(request: SqlRequest): Promise<SqlOutcome>;
  /** Any JSON value. */
  status(): Promise<unknown>;
  /** `signal` aborts when whoever asked has gone. */
  analyze(request: AnalyzeRequest, signal: AbortSignal): Promise<AnalyzeOutcome>;
  /** Undefined: this process serves no feeds. */
  feeds?: FeedsOperator | undefined;
  /** Undefined: this process audits nothing. */
  router?: RouterOperator | undefined;
  /** Undefined: this process counts nothing. */
  players?: PlayersOperator | undefined;
}

/** How long requests in flight may go on after the stop. */
const drainMs = 2_000;
const maxBodyBytes = 1024 * 1024;
const notUnderstood = 'not a request that this Skyflow understands';

/** Serves `POST /sql`, `POST /analyze`, `POST /feeds`, `POST /router`, `POST /players` and `GET /status` on a unix socket that only this user can open. */
export const serveAdmin = (options: AdminOptions): Service => ({
  name: 'admin socket',
  run: async (signal) => {
    const { path } = options;
    const listener = getRequestListener(adminApp(options).fetch);
    const server = createServer((request, response) => void listener(request, response));
    rmSync(path, { force: true });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      // Binding happens inside this call: under this mask nobody else can ever open the socket.
      const mask = process.umask(0o177);
      try {
        server.listen(path, resolve);
      } finally {
        process.umask(mask);
      }
    });
    chmodSync(path, 0o600);
    const closed = new Promise<void>((resolve) => void server.once('close', () => resolve()));
    await aborted(signal);
    server.close();
    server.closeIdleConnections();
    const cut = setTimeout(() => server.closeAllConnections(), drainMs);
    await closed;
    clearTimeout(cut);
  },
});

/** The routes, without the socket. */
export const adminApp = ({ sql, status, analyze, feeds, router, players }: Omit<AdminOptions, 'path'>): Hono => {
  const app = new Hono();
  let turn: Promise<unknown> = Promise.resolve();
  app.get('/status', async (c) => c.json((await status()) as object));
  app.post('/sql', bodyLimit({ maxSize: maxBodyBytes }), async (c) => {
    const request = sqlRequest.safeParse(await c.req.json().catch(() => undefined));
    if (!request.success) return c.json({ message: notUnderstood, code: null }, 422);
    // One at a time: the readers share one session of the engine, and indexing must keep its share of the machine.
    const outcome = turn.then(() => sql(request.data));
    turn = outcome.catch(() => undefined);
    const result = await outcome;
    return result.ok ? c.text(result.output) : c.json(result.problem, 400);
  });
  app.post('/analyze', bodyLimit({ maxSize: maxBodyBytes }), async (c) => {
    const request = analyzeRequest.safeParse(await c.req.json().catch(() => undefined));
    if (!request.success) return c.json({ message: notUnderstood, code: null }, 422);
    return c.json(await analyze(request.data, c.req.raw.signal));
  });
  takeOrders(app, '/feeds', feedsRequest, feeds);
  takeOrders(app, '/router', routerRequest, router);
  takeOrders(app, '/players', playersRequest, players);
  app.onError((error, c) => c.json({ message: error.message, code: null }, 500));
  return app;
};

/** A way in for the orders of one part; none where that part does not run in this process. */
const takeOrders = <R>(
  app: Hono,
  route: string,
  schema: z.ZodType<R>,
  carryOut: ((request: R, signal: AbortSignal) => Promise<unknown>) | undefined,
): void => {
  if (carryOut === undefined) return;
  app.post(route, bodyLimit({ maxSize: maxBodyBytes }), async (c) => {
    const request = schema.safeParse(await c.req.json().catch(() => undefined));
    if (!request.success) return c.json({ message: notUnderstood, code: null }, 422);
    return c.json((await carryOut(request.data, c.req.raw.signal)) as object);
  });
};
