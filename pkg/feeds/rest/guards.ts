import type { MiddlewareHandler } from 'hono';
import { clientAddress } from '#pkg/rest/address.ts';
import { bearerToken, refuseTooMany, unauthenticated } from '#pkg/rest/answers.ts';
import { onPostgres, onRedis, StoreAwayError } from '#pkg/rest/away.ts';
import type { RestContext } from '#pkg/rest/env.ts';
import type { Allowance } from '#pkg/rest/limiter.ts';
import { problem, type ProblemResponse } from '#pkg/rest/problem.ts';
import { isRefusal } from '#pkg/session/session.ts';
import type { ApiKey, KeyRefusal, Scope } from '../rules/api-keys.ts';
import type { FeedRestContext, FeedRestEnv } from './context.ts';
import type { FeedLimitName } from './events.ts';

/** Who is asking. */
export type Caller =
  | { readonly kind: 'nobody' }
  | { readonly kind: 'session'; readonly did: string }
  | { readonly kind: 'key'; readonly key: ApiKey };

/** A request that goes no further. */
export type Stopped = ProblemResponse<401> | ProblemResponse<403> | ProblemResponse<429>;

const KEY_WORDS: Readonly<Record<KeyRefusal, string>> = {
  unknown: 'There is no such API key.',
  revoked: 'This API key was revoked.',
  expired: 'This API key has expired.',
};

/** Counts a request of whoever it is against their address. */
export function limitAddress(c: RestContext, context: FeedRestContext): Promise<ProblemResponse<429> | undefined> {
  return take(c, context, ['feed_requests', clientAddress(c, context.trustedProxies), context.limits.requests]);
}

/**
 * Says who is asking, and counts the request against them.
 * @param scope what an API key must be good for here
 */
export async function identify(c: RestContext, context: FeedRestContext, scope: Scope): Promise<Caller | Stopped> {
  const token = bearerToken(c);
  if (token?.startsWith('sk_') === true) {
    const key = await readKey(c, context);
    return key instanceof Response ? key : (refuseScope(c, key, scope) ?? { kind: 'key', key });
  }
  const limited = await limitAddress(c, context);
  if (limited !== undefined) return limited;
  if (c.req.header('authorization') === undefined) return { kind: 'nobody' };
  if (token === undefined) return unauthenticated(c, 'AuthenticationRequired', 'Send Authorization: Bearer <token>.');
  // ioredis would wait for a connection; a caller should hear of it at once.
  if (context.redis.status !== 'ready') throw new StoreAwayError('redis', new Error('not connected'));
  const session = await onRedis(context.verifier.verify(token));
  if (isRefusal(session)) {
    return unauthenticated(c, session.refused === 'expired' ? 'ExpiredToken' : 'InvalidToken', session.message);
  }
  return { kind: 'session', did: session.userId };
}

/** The API key of a request. Trying keys is limited by address, using one by key. */
async function readKey(c: RestContext, context: FeedRestContext): Promise<ApiKey | Stopped> {
  const secret = bearerToken(c);
  if (secret === undefined) {
    return unauthenticated(c, 'AuthenticationRequired', 'Send Authorization: Bearer <API key>.');
  }
  const { limits, trustedProxies, rules } = context;
  const tooMany = await take(c, context, ['key_attempts', clientAddress(c, trustedProxies), limits.keyAttempts]);
  if (tooMany !== undefined) return tooMany;
  const key = await onPostgres(rules.keys.findKey(secret));
  if (typeof key === 'string') return unauthenticated(c, 'InvalidToken', KEY_WORDS[key]);
  return (await take(c, context, ['key_requests', key.id, limits.keyRequests])) ?? key;
}

/** First of two guards of the operator's routes: whose program is asking. Nothing of a request is read before that. */
export function requireKey(context: FeedRestContext): MiddlewareHandler<FeedRestEnv> {
  return async (c, next) => {
    const key = await readKey(c, context);
    if (key instanceof Response) return key;
    c.set('key', key);
    return next();
  };
}

/** Second: whether the key is good for this. */
export function refuseScope(c: RestContext, key: ApiKey, scope: Scope): ProblemResponse<403> | undefined {
  if (key.scopes.includes(scope)) return undefined;
  return problem(c, 403, { error: 'InsufficientScope', message: `This needs an API key of the scope ${scope}.` });
}

async function take(
  c: RestContext,
  { rates, events }: FeedRestContext,
  [limit, key, allowance]: readonly [FeedLimitName, string, Allowance],
): Promise<ProblemResponse<429> | undefined> {
  const standing = await rates.take(limit, key, allowance);
  if (!standing.allowed) events.rateLimited(limit);
  return refuseTooMany(c, standing, 'Too many requests');
}
