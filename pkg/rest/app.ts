import { OpenAPIHono } from '@hono/zod-openapi';
import { HTTPException } from 'hono/http-exception';
import type { ZodError } from 'zod';
import type { Clock } from '#pkg/runtime/clock.ts';
import { StoreAwayError } from './away.ts';
import type { RestContext, RestEnv } from './env.ts';
import { problem, RETRY_SOON } from './problem.ts';
import { limitBody, requestIds, securityHeaders } from './shield.ts';

/** A request that failed through no fault of its caller. */
export interface FailedRequest {
  readonly correlationId: string;
  readonly method: string;
  readonly path: string;
}

/** What an API is told of its own requests. */
export interface RestEvents {
  answered(status: number, seconds: number): void;
  requestFailed(error: Error, request: FailedRequest): void;
}

export interface RestOptions {
  readonly clock: Clock;
  /** Where people reach this server. */
  readonly publicUrl: string;
  readonly maxBodyBytes: number;
  readonly events: RestEvents;
}

/** An application without routes: request ids, headers, limits of bodies, and the one shape of everything that goes wrong. */
export function createRestApp<E extends RestEnv>(options: RestOptions): OpenAPIHono<E> {
  const { clock, publicUrl, maxBodyBytes, events } = options;
  const app = new OpenAPIHono<RestEnv>({
    defaultHook: (result, c) => {
      if (result.success) return undefined;
      return problem(c as RestContext, 400, {
        error: 'InvalidRequest',
        message: saysWhat(result.target, result.error),
      });
    },
  });
  app.use(requestIds());
  app.use(async (c, next) => {
    const startMs = clock.nowMs();
    await next();
    events.answered(c.res.status, (clock.nowMs() - startMs) / 1000);
  });
  app.use(securityHeaders(publicUrl.startsWith('https:')));
  app.use(limitBody(maxBodyBytes));
  app.notFound((c) => problem(c, 404, { error: 'NotFound', message: 'There is nothing here. See /docs.' }));
  app.onError((error, c) => answerError(error, c, events));
  // What else travels with a request is put there by the routes.
  return app as unknown as OpenAPIHono<E>;
}

function answerError(error: Error, c: RestContext, events: RestEvents): Response {
  if (error instanceof HTTPException) {
    if (error.status === 415) {
      return problem(c, 415, { error: 'UnsupportedMediaType', message: 'Send JSON, as application/json.' });
    }
    if (error.status < 500) return problem(c, 400, { error: 'InvalidRequest', message: 'The body is not valid JSON.' });
  }
  events.requestFailed(error, { correlationId: c.var.requestId, method: c.req.method, path: c.req.path });
  if (error instanceof StoreAwayError) {
    const message = 'Something this needs is away. Try again in a moment.';
    return problem(c, 503, { error: 'ServiceUnavailable', message }, RETRY_SOON);
  }
  return problem(c, 500, { error: 'InternalServerError', message: 'Something went wrong here. It is in our log.' });
}

/** The first three of what is wrong, in short; a client's own names are repeated, its values are not. */
function saysWhat(target: string, error: ZodError | { issues: ZodError['issues'] }): string {
  const lines = error.issues.slice(0, 3).map(({ path, message }) => {
    const where = path.map(String).join('.');
    return where === '' ? message : `${where}: ${message}`;
  });
  return `${target === 'json' ? 'body' : target}: ${lines.join('; ')}`.slice(0, 300);
}
