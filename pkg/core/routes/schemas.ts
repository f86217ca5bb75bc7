import { z } from '@hono/zod-openapi';
import { AUDIENCES, LENSES, lensAnswer, TIME_WINDOWS } from '#pkg/contracts/lens.ts';
import { TIERS } from '#pkg/contracts/tiers.ts';
import { STATUSES } from '../store/analyses.ts';

/** The bodies of the API: what validates them also documents them. Unknown fields are refused, not passed over. */

const iso = z.iso.datetime();
const count = z.int().nonnegative();

const referrer = z.string().min(1).max(2048).optional().openapi({
  description:
    'Handle or DID of a user of Skyflow who brought you here. Counts at your very first sign-in; anybody else is passed over.',
  example: 'bob.bsky.social',
});

export const loginBody = z
  .union([
    z.strictObject({
      token: z.string().min(1).max(8192).openapi({
        description:
          'From com.atproto.server.getServiceAuth, with lxm app.skyflow.auth.login. May stand in Authorization instead.',
      }),
      referrer,
    }),
    z.strictObject({
      identifier: z.string().min(1).max(2048).openapi({ description: 'Handle or DID.', example: 'alice.bsky.social' }),
      password: z.string().min(1).max(256).openapi({ description: 'An app password. Handed to the PDS, never kept.' }),
      referrer,
    }),
    z.strictObject({ referrer }).openapi({ description: 'Where the token stands in Authorization.' }),
  ])
  .openapi('Login');

export const tokensBody = z
  .object({
    access_token: z.string().openapi({ description: 'For Authorization: Bearer. Good for an hour.' }),
    refresh_token: z.string().openapi({ description: 'For auth/refresh. Good once, for 30 days.' }),
    expires_at: iso.openapi({ description: 'When the access token ends.' }),
  })
  .openapi('Tokens');

export const refreshBody = z
  .strictObject({ refresh_token: z.string().min(1).max(512).openapi({ description: 'The one that you got last.' }) })
  .openapi('Refresh');

export const ticketBody = z
  .object({
    ticket: z.string().openapi({ description: 'For GET /sse?ticket=, once.' }),
    expires_at: iso.openapi({ description: 'A minute from now.' }),
  })
  .openapi('Ticket');

export const meBody = z
  .object({
    did: z.string(),
    handle: z.string().nullable().openapi({ description: 'As it was at your last sign-in.' }),
    tier: z.enum(TIERS).openapi({ description: 'What you may do: the limits below.' }),
    created_at: iso.openapi({ description: 'When you first signed in.' }),
    limits: z.object({
      analyses_per_hour: count.nullable().openapi({ description: 'Null: as many as you like.' }),
      analyses_left: count.nullable().openapi({ description: 'Of this hour’s.' }),
      analyses_reset_at: iso.nullable().openapi({ description: 'When all of them are there again; null: they are.' }),
      concurrent_analyses: count.openapi({ description: 'Analyses under way at once.' }),
      sse_connections: count.openapi({ description: 'Event streams open at once.' }),
      cache_minutes: count.openapi({ description: 'How old an answer may be.' }),
    }),
  })
  .openapi('Me');

const LENS_WORDS =
  'flow: when they post and what comes back. clout: the posts with most reactions. kudos: who got most of them. pulse: who is rising.';

export const analyzeBody = z
  .strictObject({
    did: z.string().min(1).max(2048).optional().openapi({
      description: 'Whom it is about: a DID or a handle. You, where it is left out.',
      example: 'alice.bsky.social',
    }),
    type: z.enum(LENSES).openapi({ description: LENS_WORDS }),
    window: z.enum(TIME_WINDOWS).default('48h').openapi({ description: 'How far back from now.' }),
    audience: z
      .enum(AUDIENCES)
      .default('following')
      .openapi({ description: 'Whose posts the board shows: of all that are followed, or of those who follow back.' }),
  })
  .openapi('Analyze');

export const acceptedBody = z
  .object({
    analysis_id: z.uuid(),
    estimated_completion: iso.openapi({ description: 'When it is most likely there.' }),
    status_url: z.url().openapi({ description: 'Where it will be; also in Location.' }),
  })
  .openapi('Accepted');

/** What every analysis has, with or without its answer. */
export const summaryBody = z
  .object({
    analysis_id: z.uuid(),
    did: z.string().openapi({ description: 'Whom it is about.' }),
    type: z.enum(LENSES),
    window: z.enum(TIME_WINDOWS),
    audience: z.enum(AUDIENCES),
    status: z.enum(STATUSES).openapi({ description: 'requested, processing, then completed or failed, for good.' }),
    requested_at: iso,
    started_at: iso.nullable(),
    finished_at: iso.nullable(),
    cached: z
      .boolean()
      .nullable()
      .openapi({ description: 'Whether the answer had been computed for somebody before.' }),
    duration_ms: count.nullable().openapi({ description: 'From its start to its end.' }),
    score: z.number().nullable().openapi({ description: '0 to 10; null where the answer has none.' }),
    error: z
      .union([z.object({ code: z.string(), message: z.string() }), z.null()])
      .openapi({ description: 'Why it failed; null unless it did.' }),
  })
  .openapi('AnalysisSummary');

// Made anew from its shape: only schemas made after zod was extended can have a name in the document.
const answerBody = z.object(lensAnswer.shape).openapi('LensAnswer');

export const analysisBody = z
  .object({
    ...summaryBody.shape,
    result: z.union([answerBody, z.null()]).openapi({ description: 'Null until the status is completed.' }),
  })
  .openapi('Analysis');

export const historyQuery = z.strictObject({
  cursor: z.string().min(1).max(200).optional().openapi({ description: 'From the page before.' }),
  limit: z.coerce.number().int().min(1).max(100).default(50).openapi({ description: 'How many at most.' }),
});

export const historyBody = z
  .object({
    analyses: z.array(summaryBody).openapi({ description: 'Newest first.' }),
    cursor: z.string().optional().openapi({ description: 'For the next page; absent on the last.' }),
  })
  .openapi('History');

/** For a route's `content`. */
export const json = <S extends z.ZodType>(schema: S, example?: unknown) => ({
  'application/json': { schema, ...(example === undefined ? {} : { example }) },
});
