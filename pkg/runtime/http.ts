import type { AddressInfo } from 'node:net';
import { type HttpBindings, createAdaptorServer } from '@hono/node-server';
import { Hono } from 'hono';
import type { Registry } from 'prom-client';
import { errorCode, UserError } from '#pkg/runtime/errors.ts';
import type { Service } from '#pkg/runtime/lifecycle.ts';
import { orLate } from './waiting.ts';

/** A service that listens. `listening` resolves once it does, with the port it got (useful with port 0). */
export interface HttpService extends Service {
  readonly listening: Promise<{ port: number }>;
}

/** What answers: a hono app, or whatever is asked like one. `env` is Node's own request and response. */
export interface HttpApp {
  fetch(request: Request, env: HttpBindings): Response | Promise<Response>;
}

export interface HttpServiceOptions {
  name: string;
  host: string;
  /** 0 takes any free port. */
  port: number;
  app: HttpApp;
  /** The option that chooses this port, named in the advice when it is taken. */
  portFlag: string;
  /** How long requests in flight may take after the stop before their sockets are cut. */
  drainMs?: number;
}

/** Serves an app. A port that cannot be had is a UserError. */
export function serveHttp(options: HttpServiceOptions): HttpService {
  const { name, host, port, app, drainMs = 2000 } = options;
  const { promise: listening, resolve, reject } = Promise.withResolvers<{ port: number }>();
  // Whoever only runs the service need not look at `listening` as well: `run` rejects with the same error.
  listening.catch(() => undefined);
  return {
    name,
    listening,
    async run(signal) {
      const server = createAdaptorServer({ fetch: (request, env) => app.fetch(request, env as HttpBindings) });
      const closed = new Promise<void>((done) => void server.once('close', () => done()));
      await new Promise<void>((done, failed) => {
        server.once('error', (error) => failed(listenError(error, options)));
        server.listen(port, host, () => done());
      }).catch((error: unknown) => {
        reject(error);
        throw error;
      });
      resolve({ port: (server.address() as AddressInfo).port });
      const failure = new Promise<never>((_, failed) => void server.once('error', failed));
      const stopped = new Promise<void>((done) => {
        if (signal.aborted) done();
        else signal.addEventListener('abort', () => done(), { once: true });
      });
      try {
        await Promise.race([stopped, failure]);
      } finally {
        server.close();
        const cut = setTimeout(() => 'closeAllConnections' in server && server.closeAllConnections(), drainMs);
        if ('closeIdleConnections' in server) server.closeIdleConnections();
        await closed;
        clearTimeout(cut);
      }
    },
  };
}

export interface HealthReport {
  /** False: the process is broken and should be restarted. */
  ok: boolean;
  detail?: Record<string, unknown>;
}

export interface ReadyReport {
  /** False: alive, but not to be used yet (catching up, connecting). */
  ready: boolean;
  detail: unknown;
}

export interface OpsOptions {
  host: string;
  port: number;
  registry: Registry;
  health(): HealthReport;
  ready(): Promise<ReadyReport>;
  /** How long `ready` may think before the answer is 503. 2 s by default. */
  readyTimeoutMs?: number;
}

/** The internal page: `/metrics` for Prometheus, `/health` (200 or 503) and `/ready` (503 until ready). Never expose it. */
export function serveOps(options: OpsOptions): HttpService {
  const app = opsApp(options);
  return serveHttp({ name: 'metrics', host: options.host, port: options.port, app, portFlag: '--metrics-port' });
}

/** The routes of `serveOps`, for a server that has others beside them. */
export function opsApp(options: Omit<OpsOptions, 'host' | 'port'>): Hono {
  const { registry, health, ready, readyTimeoutMs = 2000 } = options;
  const app = new Hono();
  app.get('/metrics', async (c) => c.body(await registry.metrics(), 200, { 'content-type': registry.contentType }));
  app.get('/health', (c) => {
    const report = health();
    return c.json(report, report.ok ? 200 : 503);
  });
  app.get('/ready', async (c) => {
    const report = await askReady(ready, readyTimeoutMs);
    return c.json(report, report.ready ? 200 : 503);
  });
  return app;
}

/** A check that throws or hangs is an answer too: not ready. */
async function askReady(ready: () => Promise<ReadyReport>, timeoutMs: number): Promise<ReadyReport> {
  try {
    return await orLate(ready(), timeoutMs, { ready: false, detail: `no answer within ${timeoutMs} ms` });
  } catch (error) {
    return { ready: false, detail: error instanceof Error ? error.name : 'the check failed' };
  }
}

/** Says in the person's words why the address cannot be had. */
function listenError(error: Error, { name, host, port, portFlag }: HttpServiceOptions): Error {
  const address = `${host}:${port}`;
  const another = `Choose another with ${portFlag}.`;
  switch (errorCode(error) ?? '') {
    case 'EADDRINUSE':
      return new UserError(`${name} cannot listen on ${address}: the port is taken.`, { hint: another, cause: error });
    case 'EACCES':
      return new UserError(`${name} may not listen on ${address}.`, { hint: another, cause: error });
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new UserError(`${name} cannot listen on ${address}: this machine does not have that address.`, {
        hint: 'Choose one with --host, for example 127.0.0.1, or 0.0.0.0 for all.',
        cause: error,
      });
    default:
      return error;
  }
}
