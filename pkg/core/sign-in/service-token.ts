import { z } from 'zod';
import { isDid } from '#pkg/atproto/syntax.ts';
import { type SignInOutcome, refuse } from './outcome.ts';
import { parseJson } from '#pkg/runtime/json.ts';
import { sha256 } from '#pkg/session/secrets.ts';

/** The method that a sign-in token must be made for: what a client asks its PDS for with `getServiceAuth`. */
export const LOGIN_METHOD = 'app.skyflow.auth.login';

/** The farthest that a token's end may lie ahead. */
export const MAX_TOKEN_LIFE_MS = 300_000;
/** Other machines' clocks are a little off. Never used to let an expired token in. */
const CLOCK_SKEW_S = 60;
const MAX_TOKEN_CHARS = 8_192;

const headerSchema = z.object({
  // The two that account keys can be. Says no to none, HS256 and whatever comes next before any key is looked up.
  alg: z.enum(['ES256K', 'ES256']),
  typ: z
    .string()
    .optional()
    .refine((typ) => typ === undefined || typ.toUpperCase() === 'JWT'),
  // A header that must be understood is one that we do not.
  crit: z.never().optional(),
});

const payloadSchema = z.object({
  iss: z.string().refine(isDid),
  aud: z.string(),
  exp: z.number().positive(),
  iat: z.number().optional(),
  nbf: z.number().optional(),
  lxm: z.string(),
  jti: z.string().min(8).max(256),
});

export type ServiceToken = z.infer<typeof payloadSchema>;

export interface ExpectedToken {
  /** Our own DID. */
  readonly serviceDid: string;
  readonly lxm: string;
  readonly nowMs: number;
}

/**
 * Reads a token and checks everything but its signature, so that nothing is fetched for one that could not be accepted.
 * Parts that do not fit are named to the caller, never quoted.
 */
export function readServiceToken(token: string, expected: ExpectedToken): ServiceToken | SignInOutcome {
  const parts = token.split('.', 4);
  if (token.length > MAX_TOKEN_CHARS || parts.length !== 3 || !parts.every(isBase64Url)) {
    return refuse(401, 'BadJwt', 'this is not a service-auth token');
  }
  if (!headerSchema.safeParse(readJson(parts[0])).success) {
    return refuse(401, 'BadJwtType', 'the token must be a JWT signed with ES256K or ES256');
  }
  const { data: claims } = payloadSchema.safeParse(readJson(parts[1]));
  if (claims === undefined) {
    return refuse(401, 'BadJwt', 'the token needs iss (a DID), aud, exp, lxm and jti (8 to 256 characters)');
  }
  return checkClaims(claims, expected) ?? claims;
}

function checkClaims(claims: ServiceToken, { serviceDid, lxm, nowMs }: ExpectedToken): SignInOutcome | undefined {
  const nowS = nowMs / 1000;
  if (claims.aud !== serviceDid) return refuse(401, 'BadJwtAudience', `the token's aud must be ${serviceDid}`);
  if (claims.lxm !== lxm) return refuse(401, 'BadJwtLexiconMethod', `the token's lxm must be ${lxm}`);
  if (claims.exp <= nowS) return refuse(401, 'JwtExpired', 'the token has expired');
  if (claims.exp > nowS + MAX_TOKEN_LIFE_MS / 1000) {
    return refuse(401, 'JwtLifetime', 'the token may be good for 5 minutes at most');
  }
  if ((claims.iat ?? 0) > nowS + CLOCK_SKEW_S || (claims.nbf ?? 0) > nowS + CLOCK_SKEW_S) {
    return refuse(401, 'JwtLifetime', 'the token is not good yet');
  }
}

/** Under this a token's use is remembered. Made from its claims: the bytes of a signature are not unique. */
export const replayKey = ({ iss, jti }: ServiceToken): string => `auth:jti:${sha256(`${iss}\n${jti}`)}`;

const BASE64URL = /^[A-Za-z0-9_-]+$/;
const isBase64Url = (text: string): boolean => BASE64URL.test(text);

const readJson = (part: string | undefined): unknown =>
  parseJson(Buffer.from(part ?? '', 'base64url').toString('utf8'));
