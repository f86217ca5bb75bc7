import type { Context, MiddlewareHandler } from 'hono';
import { type Tier, tierIncludes } from '#pkg/contracts/tiers.ts';
import { isRefusal } from '#pkg/session/session.ts';
import { bearerToken, refuseTooMany, unauthenticated } from '#pkg/rest/answers.ts';
import { onRedis, StoreAwayError } from '#pkg/rest/away.ts';
import type { Allowance } from '#pkg/rest/limiter.ts';
import type { CoreContext } from '../context.ts';
import type { LimitName } from '../limits.ts';
import { readUser } from '../store/users.ts';
import { clientAddress } from '#pkg/rest/address.ts';
import type { CoreEnv } from './env.ts';
import { problem, type ProblemResponse } from '#pkg/rest/problem.ts';

/** First of the three guards: who is asking. */
export function authenticate({ verifier, redis }: CoreContext): MiddlewareHandler<CoreEnv> {
  return async (c, next) => {
    const token = bearerToken(c);
    if (token === undefined) {
      return unauthenticated(c, 'AuthenticationRequired', 'Sign in, and send Authorization: Bearer <access token>.');
    }
    // ioredis would wait for a connection; a caller should hear of it at once.
    if (redis.status !== 'ready') throw new StoreAwayError('redis', new Error('not connected'));
    const session = await onRedis(verifier.verify(token));
    if (isRefusal(session)) {
      return unauthenticated(c, session.refused === 'expired' ? 'ExpiredToken' : 'InvalidToken', session.message);
    }
    c.set('session', session);
    return next();
  };
}

/** Second: whether their tier may. Reads the user, since a tier can change while a session lasts. */
export function requireTier({ postgres }: CoreContext, required: Tier): MiddlewareHandler<CoreEnv> {
  return async (c, next) => {
    const user = await readUser(postgres, c.var.session.userId);
    if (user === undefined) return unauthenticated(c, 'InvalidToken', 'This account has left Skyflow.');
    if (!tierIncludes(user.tier, required)) {
      const message = `This needs the tier ${required} or higher.`;
      return problem(c, 403, { error: 'upgrade_required', message, required_tier: required });
    }
    c.set('user', user);
    return next();
  };
}

/** Third: whether they have asked too often. Of whoever is signed in, or else of the address. */
export function limitRequests(core: CoreContext): MiddlewareHandler<CoreEnv> {
  return async (c, next) => {
    const userId = (c.var as Partial<CoreEnv['Variables']>).session?.userId;
    const key = userId ?? `address:${clientAddress(c, core.trustedProxies)}`;
    return (await take(c, core, { limit: 'requests', key, allowance: core.limits.requests })) ?? next();
  };
}

/** What is to be taken from which allowance. */
export interface Taking {
  readonly limit: LimitName;
  readonly key: string;
  readonly allowance: Allowance;
}

/** Takes one, says in the headers what is left, and answers 429 where nothing is. */
export async function take(
  c: Context<CoreEnv>,
  core: CoreContext,
  { limit, key, allowance }: Taking,
): Promise<ProblemResponse<429> | undefined> {
  const standing = await core.rates.take(limit, key, allowance);
  if (!standing.allowed) core.events.rateLimited(limit);
  return refuseTooMany(c, standing, WORDS[limit]);
}

const WORDS: Readonly<Record<LimitName, string>> = {
  requests: 'Too many requests',
  analyses: 'No analyses are left for your tier',
  under_way: 'Too many analyses are under way',
  logins_address: 'Too many sign-ins from this address',
  logins_identifier: 'Too many sign-ins for this account',
};
