import { z } from '@hono/zod-openapi';
import type { TypedResponse } from 'hono';
import { sentence } from '#pkg/contracts/sentence.ts';
import { TIERS } from '#pkg/contracts/tiers.ts';
import type { RestContext } from './env.ts';

/** Statuses of our problems. */
export const PROBLEM_STATUSES = [400, 401, 403, 404, 405, 413, 415, 429, 500, 502, 503] as const;
export type ProblemStatus = (typeof PROBLEM_STATUSES)[number];

/** The one shape of everything that went wrong: XRPC's, and the id under which our log tells more. */
export const problemSchema = z
  .object({
    error: z
      .string()
      .openapi({ description: 'For programs: one short word that does not change.', example: 'NotFound' }),
    message: z.string().openapi({ description: 'For people.', example: 'There is no such analysis.' }),
    request_id: z.uuid().openapi({ description: 'Also in the X-Request-Id header and in the log of the server.' }),
    required_tier: z
      .enum(TIERS)
      .optional()
      .openapi({ description: 'With upgrade_required: the lowest tier that may.' }),
  })
  .openapi('Problem');

/** What a problem says, besides the request's id. */
export interface ProblemText {
  error: string;
  message: string;
  required_tier?: (typeof TIERS)[number];
}

/** An answer that is typed by its status, so that a route can only give those it declares. */
export type ProblemResponse<S extends ProblemStatus> = Response &
  TypedResponse<z.infer<typeof problemSchema>, S, 'json'>;

/** A problem as an answer. */
export function problem<S extends ProblemStatus>(
  c: RestContext,
  status: S,
  text: ProblemText,
  headers: Record<string, string> = {},
): ProblemResponse<S> {
  const body = { ...text, message: sentence(text.message), request_id: c.var.requestId };
  return c.json(body, status, { 'cache-control': 'no-store', ...headers }) as ProblemResponse<S>;
}

/** What each status means, and the words that `error` may have with it; the first is the example's. Sign-in has more. */
const MEANINGS: Readonly<Record<ProblemStatus, { meaning: string; words: readonly string[]; message: string }>> = {
  400: {
    meaning: 'The request does not say what it must, or says more than it may.',
    words: ['InvalidRequest'],
    message: 'Body: type: Invalid option: expected one of "flow"|"clout"|"kudos"|"pulse".',
  },
  401: {
    meaning: 'Nobody is signed in, or no longer.',
    words: ['ExpiredToken', 'InvalidToken', 'AuthenticationRequired'],
    message: 'The access token has expired.',
  },
  403: {
    meaning: 'Not with this account or tier.',
    words: ['upgrade_required', 'InsufficientScope'],
    message: 'This needs the tier lift or higher.',
  },
  404: {
    meaning: 'There is no such thing, or it is somebody else’s.',
    words: ['NotFound', 'AccountNotFound'],
    message: 'There is no such analysis.',
  },
  405: { meaning: 'Not by this method.', words: ['MethodNotAllowed'], message: 'An event stream is asked for by GET.' },
  413: {
    meaning: 'The body is larger than is taken here.',
    words: ['PayloadTooLarge'],
    message: 'The body may have 65536 bytes at most.',
  },
  415: {
    meaning: 'The body is not JSON.',
    words: ['UnsupportedMediaType'],
    message: 'Send JSON, as application/json.',
  },
  429: {
    meaning: 'Too many; Retry-After says in how many seconds to come again.',
    words: ['rate_limit_exceeded'],
    message: 'No analyses are left for your tier: 5 in 1 h.',
  },
  500: {
    meaning: 'A mistake of this server.',
    words: ['InternalServerError'],
    message: 'Something went wrong here. It is in our log.',
  },
  502: {
    meaning: 'Another server, which had to be asked, gave no useful answer.',
    words: ['PdsUnavailable'],
    message: "The account's PDS gave no usable answer; try again later.",
  },
  503: {
    meaning: 'Something this needs is away; try again in a little while.',
    words: ['ServiceUnavailable', 'IdentityUnavailable'],
    message: 'Something this needs is away. Try again in a moment.',
  },
};

const retryAfter = z.object({ 'Retry-After': z.string().openapi({ description: 'Seconds.', example: '5' }) });

/** For a route's `responses`: the problems it may answer with. */
export function problems<S extends ProblemStatus>(...statuses: S[]) {
  const described = statuses.map((status) => {
    const { meaning, words, message } = MEANINGS[status];
    const example = { error: words[0], message, request_id: '7a8b0a0a-101c-49ba-bf17-9750d9ef2cea' };
    return [
      status,
      {
        description: `${meaning} ${words.map((word) => `\`${word}\``).join(', ')}`,
        content: { 'application/json': { schema: problemSchema, example } },
        ...(status === 429 || status === 503 ? { headers: retryAfter } : {}),
      },
    ];
  });
  type Described = { description: string; content: { 'application/json': { schema: typeof problemSchema } } };
  return Object.fromEntries(described) as unknown as Record<S, Described>;
}

/** For what may work in a moment. */
export const RETRY_SOON = { 'retry-after': '5' } as const;
