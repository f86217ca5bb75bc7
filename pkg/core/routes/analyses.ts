import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import type { Context, TypedResponse } from 'hono';
import { isDid } from '#pkg/atproto/syntax.ts';
import type { CoreContext } from '../context.ts';
import type { CoreEnv } from '../http/env.ts';
import { authenticate, limitRequests, requireTier, take } from '../http/guards.ts';
import { tooMany, unauthenticated } from '#pkg/rest/answers.ts';
import { problem, problems, RETRY_SOON } from '#pkg/rest/problem.ts';
import { isIdentityProblem } from '#pkg/identity/identity.ts';
import type { Allowance } from '#pkg/rest/limiter.ts';
import { analysesAllowance } from '../limits.ts';
import { acceptAnalysis, type Acceptance, type AnalysisOrder, listAnalyses, readAnalysis } from '../store/analyses.ts';
import { analysisJson, toSummary } from './analysis-json.ts';
import { readCursor, writeCursor } from './cursor.ts';
import { EXAMPLES } from './examples.ts';
import { acceptedBody, analysisBody, analyzeBody, historyBody, historyQuery, json } from './schemas.ts';

const tags = ['Analyses'];

const analyzeRoute = (core: CoreContext) =>
  createRoute({
    method: 'post',
    path: '/api/v1/timeline/analyze',
    operationId: 'analyze',
    tags,
    summary: 'Ask for an analysis',
    description: 'It is computed in the background: GET /sse tells when it is there, and status_url has it.',
    middleware: [authenticate(core), requireTier(core, 'drift'), limitRequests(core)] as const,
    request: { body: { content: json(analyzeBody, EXAMPLES.analyze), required: true } },
    responses: {
      202: {
        description: 'Accepted. It will be completed, or fail visibly.',
        headers: z.object({ Location: z.url().openapi({ description: 'The same as status_url.' }) }),
        content: json(acceptedBody, EXAMPLES.accepted),
      },
      ...problems(400, 401, 403, 404, 413, 415, 429, 500, 503),
    },
  });

const readRoute = (core: CoreContext) =>
  createRoute({
    method: 'get',
    path: '/api/v1/timeline/analyses/{id}',
    operationId: 'getAnalysis',
    tags,
    summary: 'An analysis and, once completed, its answer',
    description:
      'Only your own. Until it is completed or failed: 200 with status requested or processing, and no result.',
    middleware: [authenticate(core), limitRequests(core)] as const,
    request: {
      params: z.object({
        id: z.string().openapi({ description: 'analysis_id', example: EXAMPLES.accepted.analysis_id }),
      }),
    },
    responses: {
      200: { description: 'How far it is, and the answer.', content: json(analysisBody, EXAMPLES.analysis) },
      ...problems(401, 404, 429, 500, 503),
    },
  });

const historyRoute = (core: CoreContext) =>
  createRoute({
    method: 'get',
    path: '/api/v1/timeline/analyses',
    operationId: 'listAnalyses',
    tags,
    summary: 'Your analyses, newest first, without their answers',
    description:
      'Page by page: send the cursor of one page to get the next. New analyses do not move what is below them.',
    middleware: [authenticate(core), limitRequests(core)] as const,
    request: { query: historyQuery },
    responses: {
      200: { description: 'A page.', content: json(historyBody, EXAMPLES.history) },
      ...problems(400, 401, 429, 500, 503),
    },
  });

/** A lens takes a tenth of a second; the rest is for a queue. A guess that is right when little goes on. */
const ESTIMATE_MS = 2_000;
/** An analysis under way ends in a moment, most likely. */
const UNDER_WAY_RETRY_MS = 2_000;

/** POST timeline/analyze, GET timeline/analyses and timeline/analyses/:id. */
export function addAnalysisRoutes(app: OpenAPIHono<CoreEnv>, core: CoreContext): void {
  app.openapi(analyzeRoute(core), async (c) => {
    const { did: named, type: lens, window, audience } = c.req.valid('json');
    const { user, requestId: correlationId } = c.var;
    const did = named === undefined ? user.did : await subjectOf(core, named);
    if (isIdentityProblem(did)) {
      if (did.problem === 'invalid') return problem(c, 400, { error: 'InvalidRequest', message: did.message });
      if (did.problem !== 'unavailable') return problem(c, 404, { error: 'AccountNotFound', message: did.message });
      return problem(c, 503, { error: 'IdentityUnavailable', message: did.message }, RETRY_SOON);
    }
    const tier = core.limits.tiers[user.tier];
    const allowance = analysesAllowance(tier);
    const limited = await take(c, core, { limit: 'analyses', key: user.did, allowance });
    if (limited !== undefined) return limited;

    const nowMs = core.clock.nowMs();
    const maxUnderWay = tier.concurrentAnalyses;
    const question = { did, lens, window, audience };
    const outcome = await acceptOrGiveBack(core, { user, question, correlationId, maxUnderWay, nowMs }, allowance);
    if (!outcome.accepted) {
      if (outcome.reason === 'no_user') return unauthenticated(c, 'InvalidToken', 'This account has left Skyflow.');
      core.events.rateLimited('under_way');
      return tooMany(c, `Too many of your analyses are under way: ${maxUnderWay} at once.`, UNDER_WAY_RETRY_MS);
    }
    const { analysisId, event } = outcome;
    core.relay.offer([event]);
    core.events.analysisAccepted({ lens, analysisId, correlationId });
    const status_url = `${core.publicUrl}/api/v1/timeline/analyses/${analysisId}`;
    c.header('Location', status_url);
    const estimated_completion = new Date(nowMs + ESTIMATE_MS).toISOString();
    return c.json({ analysis_id: analysisId, estimated_completion, status_url }, 202);
  });

  app.openapi(readRoute(core), async (c) => {
    const { id } = c.req.valid('param');
    const found = z.uuid().safeParse(id).success
      ? await readAnalysis(core.postgres, id.toLowerCase(), c.var.session.userId)
      : undefined;
    // Somebody else's looks exactly like one that never was.
    if (found === undefined) return problem(c, 404, { error: 'NotFound', message: 'There is no such analysis.' });
    return jsonText<typeof analysisBody>(c, analysisJson(found, found.result));
  });

  app.openapi(historyRoute(core), async (c) => {
    const { cursor, limit } = c.req.valid('query');
    const place = cursor === undefined ? undefined : readCursor(cursor);
    if (cursor !== undefined && place === undefined) {
      return problem(c, 400, { error: 'InvalidRequest', message: 'This cursor is not from a page of this history.' });
    }
    // One more than asked for tells whether there is another page.
    const rows = await listAnalyses(core.postgres, c.var.session.userId, { place, limit: limit + 1 });
    const page = rows.slice(0, limit);
    const last = rows.length > limit ? page.at(-1) : undefined;
    const next =
      last === undefined ? {} : { cursor: writeCursor({ requestedAtMs: last.requested_at.getTime(), id: last.id }) };
    return c.json({ analyses: page.map(toSummary), ...next }, 200);
  });
}

/** A DID stands for itself: whether there is such an account is for the lens to say. A handle has to be resolved. */
async function subjectOf({ directory }: CoreContext, named: string) {
  const text = named.trim();
  if (isDid(text)) return text;
  const identity = await directory.resolve(text);
  return isIdentityProblem(identity) ? identity : identity.did;
}

/** What was not accepted did not cost the caller anything. */
async function acceptOrGiveBack(core: CoreContext, order: AnalysisOrder, allowance: Allowance): Promise<Acceptance> {
  const giveBack = () => core.rates.giveBack('analyses', order.user.did, allowance).catch(() => undefined);
  try {
    const outcome = await acceptAnalysis(core.postgres, order);
    if (!outcome.accepted) await giveBack();
    return outcome;
  } catch (error) {
    await giveBack();
    throw error;
  }
}

/** JSON that is text already, with the type of what it says. */
function jsonText<S extends z.ZodType>(c: Context<CoreEnv>, text: string) {
  return c.body(text, 200, { 'content-type': 'application/json' }) as unknown as Response &
    TypedResponse<z.infer<S>, 200, 'json'>;
}
