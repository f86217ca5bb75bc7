import type { RestContext } from './env.ts';
import type { Standing } from './limiter.ts';
import { problem, type ProblemResponse } from './problem.ts';

/** The token of `Authorization: Bearer ...`, or undefined. */
export function bearerToken(c: RestContext): string | undefined {
  return /^Bearer +(\S+)$/i.exec(c.req.header('authorization') ?? '')?.[1];
}

/** 401, in the words of RFC 6750. */
export function unauthenticated(c: RestContext, error: string, message: string): ProblemResponse<401> {
  const challenge = error === 'AuthenticationRequired' ? 'Bearer' : 'Bearer error="invalid_token"';
  return problem(c, 401, { error, message }, { 'www-authenticate': challenge });
}

/**
 * Says in the headers what is left, and answers 429 where nothing is.
 * @param words begin the sentence: `Too many requests`
 */
export function refuseTooMany(c: RestContext, standing: Standing, words: string): ProblemResponse<429> | undefined {
  showStanding(c, standing);
  if (standing.allowed) return undefined;
  return tooMany(c, `${words}: ${standing.count} in ${inWords(standing.windowSeconds)}.`, standing.resetMs);
}

/** 429. */
export function tooMany(c: RestContext, message: string, retryMs: number): ProblemResponse<429> {
  // A client that comes back exactly then must find the window over.
  const seconds = Math.max(1, Math.ceil(retryMs / 1000));
  return problem(c, 429, { error: 'rate_limit_exceeded', message }, { 'retry-after': String(seconds) });
}

const inWords = (seconds: number): string =>
  seconds % 3600 === 0 ? `${seconds / 3600} h` : seconds % 60 === 0 ? `${seconds / 60} min` : `${seconds} s`;

/** `RateLimit-*` of draft-ietf-httpapi-ratelimit-headers, in the form that most clients read. A later call wins. */
function showStanding(c: RestContext, { count, windowSeconds, remaining, resetMs }: Standing): void {
  if (count === Infinity) return;
  c.header('RateLimit-Limit', String(count));
  c.header('RateLimit-Remaining', String(remaining));
  c.header('RateLimit-Reset', String(Math.ceil(resetMs / 1000)));
  c.header('RateLimit-Policy', `${count};w=${windowSeconds}`);
}
