import type { Redis } from 'ioredis';
import { errors, jwtVerify } from 'jose';
import { z } from 'zod';
import type { Clock } from '#pkg/runtime/clock.ts';
import { type JwksSource, createSessionKeys } from './keys.ts';
import { type Refusal, type Session, TOKEN_AUDIENCE, TOKEN_ISSUER, TOKEN_TYPE, sessionKey } from './session.ts';

/** Checks access tokens. core-api and the gateways have one each. */
export interface Verifier {
  /**
   * Who holds this token, or why it proves nothing. Every call asks Redis, so a logout counts at once.
   * @throws KeysUnavailableError, or ioredis' error while Redis is away: the answer is then unknown, not no
   */
  verify(token: string): Promise<Session | Refusal>;
}

export interface VerifierOptions {
  readonly jwks: JwksSource;
  readonly redis: Pick<Redis, 'hget'>;
  readonly clock: Clock;
}

/** Ours have about 700 characters. */
const MAX_TOKEN_CHARS = 4_096;

const claimsSchema = z.object({
  sub: z.string().min(1).max(2_048),
  sid: z.uuid(),
  exp: z.int(),
  handle: z.string().max(253).optional(),
});

const REFUSED: Readonly<Record<Refusal['refused'], Refusal>> = {
  malformed: { refused: 'malformed', message: 'the access token cannot be read' },
  signature: { refused: 'signature', message: 'the access token is not signed by this server' },
  claims: { refused: 'claims', message: 'the access token was not made for this use' },
  expired: { refused: 'expired', message: 'the access token has expired' },
  revoked: { refused: 'revoked', message: 'the session has ended' },
};

class UnknownKeyError extends Error {}

/** A verifier that takes RS256 only, from our issuer, for our audience, unexpired, of a session that still exists. */
export function createVerifier({ jwks, redis, clock }: VerifierOptions): Verifier {
  const keys = createSessionKeys(jwks, clock);
  const options = { algorithms: ['RS256'], issuer: TOKEN_ISSUER, audience: TOKEN_AUDIENCE, typ: TOKEN_TYPE };

  const readClaims = async (token: string) => {
    const { payload } = await jwtVerify(
      token,
      async ({ kid }) => {
        const key = typeof kid === 'string' ? await keys.find(kid) : undefined;
        if (key === undefined) throw new UnknownKeyError();
        return key;
      },
      { ...options, currentDate: new Date(clock.nowMs()), requiredClaims: ['sub', 'sid', 'iat', 'exp'] },
    );
    return claimsSchema.safeParse(payload);
  };

  return {
    async verify(token) {
      if (token.length > MAX_TOKEN_CHARS) return REFUSED.malformed;
      try {
        const { data: claims } = await readClaims(token);
        if (claims === undefined) return REFUSED.claims;
        const owner = await redis.hget(sessionKey(claims.sid), 'user_id');
        if (owner !== claims.sub) return REFUSED.revoked;
        const { sub: userId, sid, handle = null } = claims;
        return { userId, sid, handle, expiresAtMs: claims.exp * 1000 };
      } catch (error) {
        const refusal = refusalOf(error);
        if (refusal === undefined) throw error;
        return refusal;
      }
    },
  };
}

/** Undefined for what is not the token's fault. */
function refusalOf(error: unknown): Refusal | undefined {
  if (error instanceof errors.JWTExpired) return REFUSED.expired;
  if (error instanceof errors.JWTClaimValidationFailed) return REFUSED.claims;
  if (error instanceof errors.JWSSignatureVerificationFailed || error instanceof UnknownKeyError) {
    return REFUSED.signature;
  }
  if (error instanceof errors.JOSEAlgNotAllowed) return REFUSED.signature;
  return error instanceof errors.JOSEError ? REFUSED.malformed : undefined;
}
