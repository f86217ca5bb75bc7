import type { MiddlewareHandler } from 'hono';
import { clientAddress } from '#pkg/rest/address.ts';
import { bearerToken, refuseTooMany, unauthenticated } from '#pkg/rest/answers.ts';
import { onRedis, StoreAwayError } from '#pkg/rest/away.ts';
import type { RestContext } from '#pkg/rest/env.ts';
import type { ProblemResponse } from '#pkg/rest/problem.ts';
import { isRefusal } from '#pkg/session/session.ts';
import type { GamificationRestContext, GamificationRestEnv } from './context.ts';

/** A request that goes no further. */
export type Stopped = ProblemResponse<401> | ProblemResponse<429>;

/**
 * Says who is asking, undefined for nobody, and counts the request: against the user, or else against the address, from
 * which tokens that are none may be tried only so often too.
 */
export async function identify(
  c: RestContext,
  context: GamificationRestContext,
): Promise<{ readonly userId: string | undefined } | Stopped> {
  const { redis, verifier, trustedProxies } = context;
  // ioredis would wait for a connection; a caller should hear of it at once.
  if (redis.status !== 'ready') throw new StoreAwayError('redis', new Error('not connected'));
  const address = `address:${clientAddress(c, trustedProxies)}`;
  const token = bearerToken(c);
  if (token === undefined) {
    const limited = await take(c, context, address);
    if (limited !== undefined) return limited;
    if (c.req.header('authorization') === undefined) return { userId: undefined };
    return unauthenticated(c, 'AuthenticationRequired', 'Send Authorization: Bearer <access token>.');
  }
  const session = await onRedis(verifier.verify(token));
  if (!isRefusal(session)) return (await take(c, context, session.userId)) ?? { userId: session.userId };
  const error = session.refused === 'expired' ? 'ExpiredToken' : 'InvalidToken';
  return (await take(c, context, address)) ?? unauthenticated(c, error, session.message);
}

/** Guards what is one's own: a session is needed, of somebody who has not left. Nothing of a request is read before that. */
export function requireUser(context: GamificationRestContext): MiddlewareHandler<GamificationRestEnv> {
  return async (c, next) => {
    const caller = await identify(c, context);
    if (caller instanceof Response) return caller;
    const { userId } = caller;
    if (userId === undefined) {
      return unauthenticated(c, 'AuthenticationRequired', 'Sign in, and send Authorization: Bearer <access token>.');
    }
    if ((await context.people.find(userId)) === undefined) {
      return unauthenticated(c, 'InvalidToken', 'This account has left Skyflow.');
    }
    c.set('userId', userId);
    return next();
  };
}

async function take(
  c: RestContext,
  { rates, limits, events }: GamificationRestContext,
  key: string,
): Promise<ProblemResponse<429> | undefined> {
  const standing = await rates.take('gamification_requests', key, limits.requests);
  if (!standing.allowed) events.rateLimited();
  return refuseTooMany(c, standing, 'Too many requests');
}
