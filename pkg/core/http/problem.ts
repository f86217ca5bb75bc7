import { z } from '@hono/zod-openapi';
import type { Context, TypedResponse } from 'hono';
import { TIERS } from '#pkg/contracts/tiers.ts';
import type { CoreEnv } from './env.ts';

/** Statuses of our problems. */
export const PROBLEM_STATUSES = [400, 401, 403, 404, 413, 415, 429, 500, 502, 503] as const;
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
  c: Context<CoreEnv>,
  status: S,
  text: ProblemText,
  headers: Record<string, string> = {},
): ProblemResponse<S> {
  const body = { ...text, request_id: c.var.requestId };
  return c.json(body, status, { 'cache-control': 'no-store', ...headers }) as ProblemResponse<S>;
}

const DESCRIPTIONS: Readonly<Record<ProblemStatus, string>> = {
  400: 'The request does not say what it must, or says more than it may.',
  401: 'Nobody is signed in, or no longer.',
  403: 'Not with this account or tier.',
  404: 'There is no such thing, or it is somebody else’s.',
  413: 'The body is larger than 64 KB.',
  415: 'The body is not JSON.',
  429: 'Too many requests; Retry-After says in how many seconds to come again.',
  500: 'A mistake of this server.',
  502: 'Another server, which had to be asked, gave no useful answer.',
  503: 'Something this needs is away; try again in a little while.',
};

/** For a route's `responses`: the problems it may answer with. */
export function problems<S extends ProblemStatus>(...statuses: S[]) {
  const content = { 'application/json': { schema: problemSchema } };
  return Object.fromEntries(
    statuses.map((status) => [
      status,
      {
        description: DESCRIPTIONS[status],
        content,
        ...(status === 429
          ? { headers: z.object({ 'Retry-After': z.string().openapi({ description: 'Seconds.' }) }) }
          : {}),
      },
    ]),
  ) as unknown as Record<S, { description: string; content: typeof content }>;
}

/** For what may work in a moment. */
export const RETRY_SOON = { 'retry-after': '5' } as const;
