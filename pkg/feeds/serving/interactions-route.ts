import { type AppBskyFeedDefs, type AppBskyFeedSendInteractions, lexicons } from '@atproto/api';
import type { Context } from 'hono';
import { parseAtUri } from '#pkg/atproto/at-uri.ts';
import { isFirstUse } from '#pkg/identity/token/verify.ts';
import { parseJson } from '#pkg/runtime/json.ts';
import { AWAY, type Refusal, answer, invalid, refuse } from './answers.ts';
import type { ServingMetrics } from './metrics.ts';
import type { GivenInteraction, ServingParts } from './ports.ts';
import type { Report } from './trouble.ts';
import { AUTH_MISSING, type ReadViewer, type SignedIn, isRefusal } from './viewer.ts';

export const INTERACTIONS_METHOD = 'app.bsky.feed.sendInteractions';
export const MAX_INTERACTIONS = 100;

interface Given {
  readonly feed: string | undefined;
  readonly interactions: readonly GivenInteraction[];
}

const REPLAYED: Refusal = {
  status: 401,
  error: 'JwtReplayed',
  message: 'the token has been used before; ask your PDS for another',
};

export interface InteractionsContext {
  readonly parts: Pick<ServingParts, 'interactions' | 'redis' | 'clock'>;
  readonly metrics: Pick<ServingMetrics, 'interactions'>;
  readonly readViewer: ReadViewer;
  readonly report: Report;
}

/** Answers sendInteractions: it changes what an account is shown, so its token is good once. */
export function createInteractionsRoute(context: InteractionsContext): (c: Context) => Promise<Response> {
  const { metrics } = context;
  return async (c) => {
    const refusal = await takeIn(context, c);
    if (refusal === undefined) {
      metrics.interactions.inc('accepted');
      return answer('{}');
    }
    metrics.interactions.inc(refusal.status === 503 ? 'away' : refusal.status === 401 ? 'refused' : 'invalid');
    return refuse(refusal);
  };
}

async function takeIn({ parts, readViewer, report }: InteractionsContext, c: Context): Promise<Refusal | undefined> {
  const authorization = c.req.header('authorization');
  if (authorization === undefined) return AUTH_MISSING;
  const signedIn = await readViewer(authorization, { lxm: INTERACTIONS_METHOD, needsId: true });
  if (isRefusal(signedIn)) return signedIn;
  const given = await readBody(c);
  if (isRefusal(given)) return given;
  // Last, so that a call that was refused for its body can be made again with the same token.
  const first = await isFirst(parts, signedIn, report);
  if (first !== true) return first;
  try {
    await parts.interactions.accept(signedIn.viewer, given.interactions, given.feed);
  } catch (error) {
    report('interactions', error);
    return AWAY;
  }
}

async function isFirst(
  { redis, clock }: InteractionsContext['parts'],
  { claims }: SignedIn,
  report: Report,
): Promise<true | Refusal> {
  try {
    return (await isFirstUse(redis, claims, clock.nowMs())) ? true : REPLAYED;
  } catch (error) {
    report('token', error);
    return AWAY;
  }
}

/** Reads the body as the lexicon has it. What the lexicon's own words say about it is not repeated: they may quote it. */
async function readBody(c: Context): Promise<Given | Refusal> {
  const type = c.req.header('content-type')?.split(';', 1)[0]?.trim().toLowerCase();
  if (type !== 'application/json') {
    return { status: 415, error: 'InvalidRequest', message: 'the body must be application/json' };
  }
  const body = parseJson(await c.req.text());
  // Before all are looked at.
  if (countOf(body) > MAX_INTERACTIONS) return invalid(`a call may have ${MAX_INTERACTIONS} interactions at most`);
  const { feed, interactions } = readInput(body) ?? {};
  if (interactions === undefined) return invalid(`the body is not what ${INTERACTIONS_METHOD} takes`);
  return { feed, interactions: interactions.flatMap(toGiven) };
}

const countOf = (body: unknown): number => {
  const list = typeof body === 'object' && body !== null && 'interactions' in body ? body.interactions : undefined;
  return Array.isArray(list) ? list.length : 0;
};

function readInput(body: unknown): AppBskyFeedSendInteractions.InputSchema | undefined {
  try {
    return lexicons.assertValidXrpcInput(INTERACTIONS_METHOD, body) as AppBskyFeedSendInteractions.InputSchema;
  } catch {
    // It throws for nothing but a body that does not fit.
    return undefined;
  }
}

/** The lexicon lets everything be missing; without a post or an event there is nothing to learn. */
function toGiven(interaction: AppBskyFeedDefs.Interaction): GivenInteraction[] {
  const { item, event, feedContext, reqId } = interaction;
  if (item === undefined || event === undefined || parseAtUri(item) === undefined) return [];
  return [
    {
      uri: item,
      event,
      ...(feedContext === undefined ? {} : { feedContext }),
      ...(reqId === undefined ? {} : { reqId }),
    },
  ];
}
