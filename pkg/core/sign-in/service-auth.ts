import { randomUUID } from 'node:crypto';
import { AuthRequiredError, verifyJwt } from '@atproto/xrpc-server';
import type { Redis } from 'ioredis';
import type { Clock } from '#pkg/runtime/clock.ts';
import type { Directory } from '../identity/directory.ts';
import { type IdentityProblem, isIdentityProblem } from '../identity/identity.ts';
import { type SignInOutcome, refuse, refuseIdentity } from './outcome.ts';
import { LOGIN_METHOD, type ServiceToken, readServiceToken, replayKey } from './service-token.ts';
import { verifySignature } from './signature.ts';

export interface ServiceAuthSignIn {
  /** The JWT that the user's PDS made (`com.atproto.server.getServiceAuth`). */
  readonly token: string;
  /** Our own DID: the token's `aud`. */
  readonly serviceDid: string;
  /** Default app.skyflow.auth.login. */
  readonly lxm?: string;
  readonly directory: Directory;
  readonly redis: Pick<Redis, 'eval'>;
  readonly clock: Clock;
}

/** Ends the verification with what the directory said. */
class KeyProblem extends Error {
  readonly outcome: SignInOutcome;

  constructor(outcome: SignInOutcome) {
    super('there is no key to verify with');
    this.outcome = outcome;
  }
}

/**
 * Signs in with a token that the user's own PDS signed with the account's key. Good once: a token that was used is refused
 * until it would have expired anyway.
 * @throws ioredis' error while Redis is away: nobody is let in then, since a replay could not be seen
 */
export async function signInWithServiceAuth(options: ServiceAuthSignIn): Promise<SignInOutcome> {
  const { token, serviceDid, lxm = LOGIN_METHOD, directory, redis, clock } = options;
  const claims = readServiceToken(token, { serviceDid, lxm, nowMs: clock.nowMs() });
  if ('ok' in claims) return claims;

  const refusal = await verifyWithKeys(token, claims, directory);
  if (refusal !== undefined) return refusal;
  if (!(await isFirstUse(redis, claims, clock.nowMs()))) {
    return refuse(401, 'JwtReplayed', 'the token has been used before; ask your PDS for another');
  }
  const identity = await directory.resolve(claims.iss);
  if ('problem' in identity) return refuseIdentity(identity);
  return { ok: true, did: identity.did, handle: identity.handle };
}

async function verifyWithKeys(
  token: string,
  { iss, aud, lxm }: ServiceToken,
  directory: Directory,
): Promise<SignInOutcome | undefined> {
  const getKey = async (_: string, forceRefresh: boolean) => {
    const key = await (forceRefresh ? directory.refreshKey(iss) : directory.signingKey(iss));
    if (key === null || isIdentityProblem(key)) throw new KeyProblem(refuseKey(key));
    return key;
  };
  try {
    await verifyJwt(token, aud, lxm, getKey, verifySignature);
  } catch (error) {
    if (error instanceof KeyProblem) return error.outcome;
    // Its own message may quote the token.
    if (error instanceof AuthRequiredError) {
      return refuse(401, 'BadJwtSignature', "the token is not signed with its account's key");
    }
    throw error;
  }
}

/** The issuer is a claim of whoever sent the token: an account that does not exist proves nothing, which is a 401. */
function refuseKey(problem: IdentityProblem | null): SignInOutcome {
  if (problem?.problem === 'unavailable') return refuseIdentity(problem);
  return refuse(401, 'BadJwtIss', "the token's iss is no account whose key can be found");
}

/** Answers 1 to whoever came first, also when the same command arrives a second time after a broken connection. */
const FIRST_USE = `
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return 1 end
if redis.call('GET', KEYS[1]) == ARGV[1] then return 1 end
return 0
`;

/** Redis' clock and ours may differ a little. */
const REPLAY_MARGIN_MS = 60_000;

async function isFirstUse(redis: Pick<Redis, 'eval'>, claims: ServiceToken, nowMs: number): Promise<boolean> {
  const lifeMs = Math.ceil(claims.exp * 1000 - nowMs) + REPLAY_MARGIN_MS;
  return (await redis.eval(FIRST_USE, 1, replayKey(claims), randomUUID(), Math.max(lifeMs, REPLAY_MARGIN_MS))) === 1;
}
