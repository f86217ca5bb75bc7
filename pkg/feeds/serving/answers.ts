/** Why a request is not answered as asked, in the words of XRPC. Nothing of what the caller sent is in it. */
export interface Refusal {
  readonly status: 400 | 401 | 404 | 405 | 413 | 415 | 500 | 501 | 503;
  /** XRPC error name. */
  readonly error: string;
  readonly message: string;
}

/** When a caller may ask again, in seconds, where we are busy or something that we need is away. */
const RETRY_AFTER_S = '3';

/** Anybody's page may read our answers: they hold nothing that a cookie would open. Nobody keeps them: posts go away. */
export const ANSWER_HEADERS = {
  'content-type': 'application/json; charset=utf-8',
  'access-control-allow-origin': '*',
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
} as const;

/** What a browser asks for before it sends a token along. */
const PREFLIGHT_HEADERS = {
  'access-control-allow-origin': '*',
  'access-control-allow-methods': 'GET, HEAD, POST, OPTIONS',
  'access-control-allow-headers':
    'authorization, content-type, accept-language, atproto-proxy, atproto-accept-labelers, x-bsky-topics',
  'access-control-max-age': '86400',
} as const;

export const answer = (body: string, headers: Readonly<Record<string, string>> = ANSWER_HEADERS): Response =>
  new Response(body, { status: 200, headers });

export const answerJson = (value: unknown): Response => answer(JSON.stringify(value));

export const preflight = (): Response => new Response(null, { status: 204, headers: PREFLIGHT_HEADERS });

/** The answer to a request that is refused. */
export function refuse({ status, error, message }: Refusal, more?: Readonly<Record<string, string>>): Response {
  const headers: Record<string, string> = { ...ANSWER_HEADERS, ...more };
  if (status === 503) headers['retry-after'] = RETRY_AFTER_S;
  return new Response(JSON.stringify({ error, message }), { status, headers });
}

export const invalid = (message: string): Refusal => ({ status: 400, error: 'InvalidRequest', message });

export const UNKNOWN_FEED: Refusal = { status: 400, error: 'UnknownFeed', message: 'this feed is not served here' };

/** Something that we need does not answer, or has nothing yet. */
export const AWAY: Refusal = {
  status: 503,
  error: 'FeedUnavailable',
  message: 'the feed cannot be read just now; ask again in a moment',
};

export const BUSY: Refusal = {
  status: 503,
  error: 'NotEnoughResources',
  message: 'too many feeds are being made just now; ask again in a moment',
};

export const BROKEN: Refusal = { status: 500, error: 'InternalServerError', message: 'something went wrong here' };
