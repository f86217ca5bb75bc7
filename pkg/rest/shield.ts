import { randomUUID } from 'node:crypto';
import type { Context, MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { RestEnv } from './env.ts';
import { problem } from './problem.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Gives each request its id: the caller's `X-Request-Id` where that is a UUID, or a new one. The answer repeats it. */
export function requestIds(): MiddlewareHandler<RestEnv> {
  return async (c, next) => {
    const given = c.req.header('x-request-id');
    const requestId = given !== undefined && UUID.test(given) ? given.toLowerCase() : randomUUID();
    c.set('requestId', requestId);
    await next();
    c.res.headers.set('x-request-id', requestId);
  };
}

/** Refuses a larger body before reading it where its length is given, and while reading it where not. */
export function limitBody(maxSize: number): MiddlewareHandler<RestEnv> {
  return bodyLimit({
    maxSize,
    onError: (c) =>
      // The rest of the body is not read, so the connection cannot serve another request.
      problem(
        c as Context<RestEnv>,
        413,
        { error: 'PayloadTooLarge', message: `The body may have ${maxSize} bytes at most.` },
        { connection: 'close' },
      ),
  });
}

/** Nothing of ours may be framed, sniffed or run; the page of documentation sets its own, wider policy. */
const API_POLICY = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/** Headers that every answer carries. `secure`: we are reached by https, and only so. */
export function securityHeaders(secure: boolean): MiddlewareHandler<RestEnv> {
  return async (c, next) => {
    await next();
    const { headers } = c.res;
    headers.set('x-content-type-options', 'nosniff');
    headers.set('referrer-policy', 'no-referrer');
    headers.set('x-frame-options', 'DENY');
    if (!headers.has('cross-origin-resource-policy')) headers.set('cross-origin-resource-policy', 'same-origin');
    if (!headers.has('content-security-policy')) headers.set('content-security-policy', API_POLICY);
    if (!headers.has('cache-control')) headers.set('cache-control', 'no-store');
    if (secure) headers.set('strict-transport-security', 'max-age=31536000');
  };
}
