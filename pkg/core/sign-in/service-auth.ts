import type { Redis } from 'ioredis';
import type { Directory } from '#pkg/identity/directory.ts';
import { isFirstUse, isTokenProblem, verifyServiceToken } from '#pkg/identity/token/verify.ts';
import type { Clock } from '#pkg/runtime/clock.ts';
import { type SignInOutcome, refuse, refuseIdentity } from './outcome.ts';

/** The method that a sign-in token must be made for: what a client asks its PDS for with `getServiceAuth`. */
export const LOGIN_METHOD = 'app.skyflow.auth.login';

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

/**
 * Signs in with a token that the user's own PDS signed with the account's key. Good once: a token that was used is refused
 * until it would have expired anyway.
 * @throws ioredis' error while Redis is away: nobody is let in then, since a replay could not be seen
 */
export async function signInWithServiceAuth(options: ServiceAuthSignIn): Promise<SignInOutcome> {
  const { serviceDid, lxm = LOGIN_METHOD, directory, redis, clock } = options;
  const claims = await verifyServiceToken({ ...options, audiences: [serviceDid], lxm, needsId: true });
  if (isTokenProblem(claims)) return { ok: false, problem: claims };
  if (!(await isFirstUse(redis, claims, clock.nowMs()))) {
    return refuse(401, 'JwtReplayed', 'the token has been used before; ask your PDS for another');
  }
  const identity = await directory.resolve(claims.iss);
  if ('problem' in identity) return refuseIdentity(identity);
  return { ok: true, did: identity.did, handle: identity.handle };
}
