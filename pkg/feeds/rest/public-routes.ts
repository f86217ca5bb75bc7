import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { OpenAPIHono, z } from '@hono/zod-openapi';
import { isDid } from '#pkg/atproto/syntax.ts';
import { isIdentityProblem } from '#pkg/identity/identity.ts';
import type { RestContext } from '#pkg/rest/env.ts';
import { problem, type ProblemResponse, RETRY_SOON } from '#pkg/rest/problem.ts';
import type { Feed, Viewer } from '../feed.ts';
import type { FeedHealth } from '../parts.ts';
import type { FeedRestContext, FeedRestEnv } from './context.ts';
import * as described from './described.ts';
import { explain, type Explanation, publicFormOf } from './explain.ts';
import { type Caller, identify, limitAddress } from './guards.ts';
import type { explanationBody, feedBody } from './schemas.ts';

const NO_FEED = { error: 'NotFound', message: 'There is no such feed.' };

/** GET feeds, feeds/:rkey, its avatar, and explain: what anybody may read. */
export function addPublicFeedRoutes(app: OpenAPIHono<FeedRestEnv>, context: FeedRestContext): void {
  const { catalogue, rankings } = context;
  const findPublic = (rkey: string): Feed | undefined => {
    const feed = catalogue.find(rkey);
    return feed?.visibility === 'public' ? feed : undefined;
  };

  app.openapi(described.listFeeds, async (c) => {
    const limited = await limitAddress(c, context);
    if (limited !== undefined) return limited;
    const health = new Map(rankings.health().map((one) => [one.rkey, one]));
    const shown = catalogue.feeds().filter(({ visibility }) => visibility === 'public');
    return c.json({ feeds: shown.map((feed) => feedJson(context, feed, health.get(feed.rkey))) }, 200);
  });

  app.openapi(described.getFeed, async (c) => {
    const limited = await limitAddress(c, context);
    if (limited !== undefined) return limited;
    const feed = findPublic(c.req.valid('param').rkey);
    if (feed === undefined) return problem(c, 404, NO_FEED);
    const health = rankings.health().find(({ rkey }) => rkey === feed.rkey);
    return c.json(feedJson(context, feed, health), 200);
  });

  app.openapi(described.getAvatar, async (c) => {
    const limited = await limitAddress(c, context);
    if (limited !== undefined) return limited;
    const avatar = findPublic(c.req.valid('param').rkey)?.avatar;
    const bytes = avatar === undefined ? undefined : await readFile(avatar).catch(() => undefined);
    if (bytes === undefined) return problem(c, 404, { error: 'NotFound', message: 'There is no such picture.' });
    const etag = `"${createHash('sha256').update(bytes).digest('base64url')}"`;
    // RSS readers show it on pages of their own.
    const headers = { etag, 'cache-control': 'public, max-age=3600', 'cross-origin-resource-policy': 'cross-origin' };
    if (c.req.header('if-none-match') === etag) return c.body(null, 304, headers);
    const type = bytes[0] === 0x89 ? 'image/png' : 'image/jpeg';
    return c.body(new Uint8Array(bytes), 200, { ...headers, 'content-type': type });
  });

  app.openapi(described.explainPost, async (c) => {
    const caller = await identify(c, context, 'feeds:explain');
    if (caller instanceof Response) return caller;
    const { uri, viewer: named } = c.req.valid('query');
    const viewer = await viewerOf(c, context, caller, named);
    if (viewer instanceof Response) return viewer;
    const feed = catalogue.find(c.req.valid('param').rkey);
    if (feed === undefined || !mayRead(context, feed, caller)) return problem(c, 404, NO_FEED);
    const explanation = await explain(context, feed, uri, viewer);
    if (explanation === undefined) {
      const message = 'uri is not the at-uri of a post: at://did:.../app.bsky.feed.post/...';
      return problem(c, 400, { error: 'InvalidRequest', message });
    }
    return c.json(explanationJson(explanation), 200);
  });
}

/** Of a feed for members, others learn not even that it is there. */
function mayRead({ rules }: FeedRestContext, feed: Feed, caller: Caller): boolean {
  if (feed.visibility === 'public' || caller.kind === 'key') return true;
  return caller.kind === 'session' && rules.members(feed.rkey).has(caller.did);
}

/** Whose form of a feed is meant: one's own, or with a key anybody's. */
async function viewerOf(
  c: RestContext,
  { directory, keys }: FeedRestContext,
  caller: Caller,
  named: string | undefined,
): Promise<
  Viewer | undefined | ProblemResponse<400> | ProblemResponse<403> | ProblemResponse<404> | ProblemResponse<503>
> {
  const viewer = (did: string): Viewer => ({ did, id: keys.actorId(did) });
  const own = caller.kind === 'session' ? viewer(caller.did) : undefined;
  if (named === undefined || named === own?.did) return own;
  if (caller.kind !== 'key') {
    const message = 'Somebody else’s form of a feed is told to the operator’s programs only.';
    return problem(c, 403, { error: 'InsufficientScope', message });
  }
  if (isDid(named)) return viewer(named);
  const identity = await directory.resolve(named);
  if (!isIdentityProblem(identity)) return viewer(identity.did);
  const { message } = identity;
  if (identity.problem === 'invalid') return problem(c, 400, { error: 'InvalidRequest', message });
  if (identity.problem !== 'unavailable') return problem(c, 404, { error: 'AccountNotFound', message });
  return problem(c, 503, { error: 'IdentityUnavailable', message }, RETRY_SOON);
}

const isoOf = (ms: number | undefined): string | null => (ms === undefined ? null : new Date(ms).toISOString());

function feedJson(context: FeedRestContext, feed: Feed, health: FeedHealth | undefined): z.infer<typeof feedBody> {
  const { publicUrl, rules } = context;
  const { rkey, displayName, description, personal, languages, publicForm = null } = feed;
  const base = `${publicUrl}/feeds/${rkey}`;
  return {
    rkey,
    display_name: displayName,
    description,
    uris: [...rules.publishers(rkey)].map((did) => `at://${did}/app.bsky.feed.generator/${rkey}`),
    avatar: feed.avatar === undefined ? null : `${publicUrl}/api/v1/feeds/${rkey}/avatar`,
    personal,
    public_form: personal ? publicForm : null,
    languages: typeof languages === 'string' ? languages : [...languages],
    syndication:
      publicFormOf(context, feed) === undefined
        ? null
        : { rss: `${base}.rss`, atom: `${base}.atom`, json: `${base}.json` },
    health: personal
      ? null
      : { ranked_at: isoOf(health?.rankedAtMs), posts: health?.posts ?? 0, stale: health?.stale ?? false },
  };
}

const explanationJson = (explanation: Explanation): z.infer<typeof explanationBody> =>
  explanation.in
    ? {
        in: true,
        rank: explanation.rank,
        score: explanation.score,
        parts: { ...explanation.parts },
        reason: explanation.reason ?? null,
        ranked_at: new Date(explanation.rankedAtMs).toISOString(),
        sentence: explanation.sentence,
      }
    : {
        in: false,
        filter: explanation.filter ?? null,
        checks: explanation.checks.map((check) => ({ ...check })),
        ranked_at: isoOf(explanation.rankedAtMs),
        sentence: explanation.sentence,
      };
