import { z } from 'zod';
import { isDid } from '#pkg/atproto/syntax.ts';
import { parseJson } from '#pkg/runtime/json.ts';

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
  jti: z.string().min(8).max(256).optional(),
});

export type ServiceToken = z.infer<typeof payloadSchema>;

/** Why a token proves nothing, in the words of XRPC. Holds nothing that a server or library said. */
export interface TokenProblem {
  readonly status: 401 | 503;
  /** XRPC error name. */
  readonly error: string;
  readonly message: string;
}

/** Tells a problem from what was asked for. */
export const isTokenProblem = (answer: ServiceToken | TokenProblem): answer is TokenProblem => 'status' in answer;

export const tokenProblem = (error: string, message: string): TokenProblem => ({ status: 401, error, message });

export interface ExpectedToken {
  /** What we are called: our DID; where a service in its document may be named too, that as well. The first is told to callers. */
  readonly audiences: readonly [string, ...string[]];
  readonly lxm: string;
  readonly nowMs: number;
  /** Whether the token must have an id of its own, so that it can be good once; reading needs none. */
  readonly needsId: boolean;
}

/**
 * Reads a token and checks everything but its signature, so that nothing is fetched for one that could not be accepted.
 * Parts that do not fit are named to the caller, never quoted.
 */
export function readServiceToken(token: string, expected: ExpectedToken): ServiceToken | TokenProblem {
  const parts = token.split('.', 4);
  if (token.length > MAX_TOKEN_CHARS || parts.length !== 3 || !parts.every(isBase64Url)) {
    return tokenProblem('BadJwt', 'this is not a service-auth token');
  }
  if (!headerSchema.safeParse(readJson(parts[0])).success) {
    return tokenProblem('BadJwtType', 'the token must be a JWT signed with ES256K or ES256');
  }
  const { data: claims } = payloadSchema.safeParse(readJson(parts[1]));
  if (claims === undefined) {
    return tokenProblem('BadJwt', 'the token needs iss (a DID), aud, exp and lxm; a jti has 8 to 256 characters');
  }
  if (expected.needsId && claims.jti === undefined) {
    return tokenProblem('BadJwt', 'the token needs a jti (8 to 256 characters)');
  }
  return checkClaims(claims, expected) ?? claims;
}

function checkClaims(claims: ServiceToken, { audiences, lxm, nowMs }: ExpectedToken): TokenProblem | undefined {
  const nowS = nowMs / 1000;
  if (!audiences.includes(claims.aud)) return tokenProblem('BadJwtAudience', `the token's aud must be ${audiences[0]}`);
  if (claims.lxm !== lxm) return tokenProblem('BadJwtLexiconMethod', `the token's lxm must be ${lxm}`);
  if (claims.exp <= nowS) return tokenProblem('JwtExpired', 'the token has expired');
  if (claims.exp > nowS + MAX_TOKEN_LIFE_MS / 1000) {
    return tokenProblem('JwtLifetime', 'the token may be good for 5 minutes at most');
  }
  if ((claims.iat ?? 0) > nowS + CLOCK_SKEW_S || (claims.nbf ?? 0) > nowS + CLOCK_SKEW_S) {
    return tokenProblem('JwtLifetime', 'the token is not good yet');
  }
}

const BASE64URL = /^[A-Za-z0-9_-]+$/;
const isBase64Url = (text: string): boolean => BASE64URL.test(text);

const readJson = (part: string | undefined): unknown =>
  parseJson(Buffer.from(part ?? '', 'base64url').toString('utf8'));
