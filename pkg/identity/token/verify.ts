import { randomUUID, createHash } from 'node:crypto';
import { AuthRequiredError, verifyJwt } from '@atproto/xrpc-server';
import type { Redis } from 'ioredis';
import type { Clock } from '#pkg/runtime/clock.ts';
import type { Directory } from '../directory.ts';
import { type IdentityProblem, isIdentityProblem } from '../identity.ts';
import {
  type ServiceToken,
  type TokenProblem,
  isTokenProblem,
  readServiceToken,
  tokenProblem,
} from './service-token.ts';
import { verifySignature } from './signature.ts';

export type { ServiceToken, TokenProblem } from './service-token.ts';
export { isTokenProblem } from './service-token.ts';

export interface TokenCheck {
  /** The JWT that the account's PDS made (`com.atproto.server.getServiceAuth`, or itself when it passes a request on). */
  readonly token: string;
  /** What the token's `aud` may be: our own DID first. */
  readonly audiences: readonly [string, ...string[]];
  /** The method that the token must be for. */
  readonly lxm: string;
  /** Whether the token must have an id of its own (`jti`), for `isFirstUse`. */
  readonly needsId: boolean;
  readonly directory: Directory;
  readonly clock: Clock;
}

/** Ends the verification with what the directory said. */
class KeyProblem extends Error {
  readonly problem: TokenProblem;

  constructor(problem: TokenProblem) {
    super('there is no key to verify with');
    this.problem = problem;
  }
}

/**
 * Verifies a service-auth token: ES256K or ES256, `aud`, `lxm`, `exp`, `typ` and the signature by the account's key, which is
 * asked for again once when the signature does not fit, since keys rotate. Never rejects on account of the token.
 */
export async function verifyServiceToken(check: TokenCheck): Promise<ServiceToken | TokenProblem> {
  const { token, audiences, lxm, needsId, directory, clock } = check;
  const claims = readServiceToken(token, { audiences, lxm, needsId, nowMs: clock.nowMs() });
  if (isTokenProblem(claims)) return claims;
  const getKey = async (_: string, forceRefresh: boolean) => {
    const key = await (forceRefresh ? directory.refreshKey(claims.iss) : directory.signingKey(claims.iss));
    if (key === null || isIdentityProblem(key)) throw new KeyProblem(keyProblem(key));
    return key;
  };
  try {
    await verifyJwt(token, claims.aud, lxm, getKey, verifySignature);
    return claims;
  } catch (error) {
    if (error instanceof KeyProblem) return error.problem;
    // Its own message may quote the token.
    if (error instanceof AuthRequiredError) {
      return tokenProblem('BadJwtSignature', "the token is not signed with its account's key");
    }
    throw error;
  }
}

/** The issuer is a claim of whoever sent the token: an account that does not exist proves nothing, which is a 401. */
function keyProblem(problem: IdentityProblem | null): TokenProblem {
  if (problem?.problem === 'unavailable') {
    return { status: 503, error: 'IdentityUnavailable', message: problem.message };
  }
  return tokenProblem('BadJwtIss', "the token's iss is no account whose key can be found");
}

/** Answers 1 to whoever came first, also when the same command arrives a second time after a broken connection. */
const FIRST_USE = `
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return 1 end
if redis.call('GET', KEYS[1]) == ARGV[1] then return 1 end
return 0
`;

/** Redis' clock and ours may differ a little. */
const REPLAY_MARGIN_MS = 60_000;

/**
 * Whether nobody used this token before; remembered until it would have expired anyway. For requests that change something.
 * @throws ioredis' error while Redis is away: nobody is let in then, since a replay could not be seen
 */
export async function isFirstUse(redis: Pick<Redis, 'eval'>, claims: ServiceToken, nowMs: number): Promise<boolean> {
  // Made from its claims: the bytes of a signature are not unique.
  const name = createHash('sha256')
    .update(`${claims.iss}\n${claims.jti ?? ''}`, 'utf8')
    .digest('hex');
  const lifeMs = Math.max(Math.ceil(claims.exp * 1000 - nowMs) + REPLAY_MARGIN_MS, REPLAY_MARGIN_MS);
  return (await redis.eval(FIRST_USE, 1, `auth:jti:${name}`, randomUUID(), lifeMs)) === 1;
}
