import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { IdentityProblem } from '#pkg/identity/identity.ts';
import { isIdentityProblem } from '#pkg/identity/identity.ts';
import { onPostgres } from '#pkg/rest/away.ts';
import type { RestContext } from '#pkg/rest/env.ts';
import { problem, RETRY_SOON } from '#pkg/rest/problem.ts';
import type { Change } from '../rules/writer.ts';
import { resolveAccounts } from './accounts.ts';
import type { FeedRestContext, FeedRestEnv } from './context.ts';
import * as described from './described.ts';
import { refuseScope, requireKey } from './guards.ts';

const NO_FEED = { error: 'NotFound', message: 'There is no such feed.' };

/** /api/admin/*: for programs of the operator. */
export function addAdminFeedRoutes(app: OpenAPIHono<FeedRestEnv>, context: FeedRestContext): void {
  app.use('/api/admin/*', requireKey(context));
  addMemberRoutes(app, context);
  addBanRoutes(app, context);
  addFigureRoutes(app, context);
}

function addMemberRoutes(app: OpenAPIHono<FeedRestEnv>, context: FeedRestContext): void {
  const { rules, directory, catalogue } = context;

  app.openapi(described.listMembers, async (c) => {
    const refused = refuseScope(c, c.var.key, 'members:read');
    if (refused !== undefined) return refused;
    const { rkey, limit, cursor: after } = c.req.valid('query');
    // One more than asked for tells whether there is another page.
    const found = await onPostgres(rules.write.listMembers(rkey, { after, limit: limit + 1 }));
    const page = found.slice(0, limit);
    const cursor = found.length > limit ? page.at(-1)?.did : undefined;
    const members = page.map(({ did, addedAt }) => ({ did, added_at: addedAt.toISOString() }));
    return c.json({ members, ...(cursor === undefined ? {} : { cursor }) }, 200);
  });

  app.openapi(described.putMembers, async (c) => {
    const refused = refuseScope(c, c.var.key, 'members:write');
    if (refused !== undefined) return refused;
    const { rkey, replace } = c.req.valid('query');
    // Of a feed that is gone members can still be removed.
    if (catalogue.find(rkey) === undefined) return problem(c, 404, NO_FEED);
    const dids = await resolveAccounts(directory, c.req.valid('json').members);
    if (isIdentityProblem(dids)) return notResolved(c, dids);
    const change = await onPostgres(
      replace === 'true' ? rules.write.replaceMembers(rkey, dids) : rules.write.addMembers(rkey, dids),
    );
    return answerChange(c, context, { what: 'put_members', change });
  });

  app.openapi(described.deleteMembers, async (c) => {
    const refused = refuseScope(c, c.var.key, 'members:write');
    if (refused !== undefined) return refused;
    const { rkey } = c.req.valid('query');
    const dids = await resolveAccounts(directory, c.req.valid('json').members);
    if (isIdentityProblem(dids)) return notResolved(c, dids);
    const change = await onPostgres(rules.write.removeMembers(rkey, dids));
    return answerChange(c, context, { what: 'delete_members', change });
  });
}

function addBanRoutes(app: OpenAPIHono<FeedRestEnv>, context: FeedRestContext): void {
  const { rules } = context;

  app.openapi(described.listBans, async (c) => {
    const refused = refuseScope(c, c.var.key, 'bans:read');
    if (refused !== undefined) return refused;
    const { limit, cursor: after } = c.req.valid('query');
    const found = await onPostgres(rules.write.listBans({ after, limit: limit + 1 }));
    const page = found.slice(0, limit);
    const cursor = found.length > limit ? page.at(-1)?.subject : undefined;
    const bans = page.map(({ subject, reason, bannedAt }) => ({
      subject,
      reason,
      banned_at: bannedAt.toISOString(),
    }));
    return c.json({ bans, ...(cursor === undefined ? {} : { cursor }) }, 200);
  });

  app.openapi(described.putBan, async (c) => {
    const refused = refuseScope(c, c.var.key, 'bans:write');
    if (refused !== undefined) return refused;
    const { subject: named, reason } = c.req.valid('json');
    const subject = await subjectOf(context, named);
    if (isIdentityProblem(subject)) return notResolved(c, subject);
    return answerChange(c, context, {
      what: 'put_ban',
      change: await onPostgres(rules.write.ban(subject, reason)),
    });
  });

  app.openapi(described.deleteBan, async (c) => {
    const refused = refuseScope(c, c.var.key, 'bans:write');
    if (refused !== undefined) return refused;
    const subject = await subjectOf(context, c.req.valid('query').subject);
    if (isIdentityProblem(subject)) return notResolved(c, subject);
    return answerChange(c, context, {
      what: 'delete_ban',
      change: await onPostgres(rules.write.unban(subject)),
    });
  });
}

function addFigureRoutes(app: OpenAPIHono<FeedRestEnv>, context: FeedRestContext): void {
  const { catalogue, rankings, rules } = context;

  app.openapi(described.adminFeeds, async (c) => {
    const refused = refuseScope(c, c.var.key, 'feeds:read');
    if (refused !== undefined) return refused;
    const healths = new Map(rankings.health().map((one) => [one.rkey, one]));
    const feeds = catalogue.feeds().map((feed) => {
      const health = healths.get(feed.rkey);
      return {
        rkey: feed.rkey,
        display_name: feed.displayName,
        origin: feed.origin,
        visibility: feed.visibility,
        personal: feed.personal,
        members: rules.members(feed.rkey).size,
        publishers: [...rules.publishers(feed.rkey)],
        health:
          health === undefined
            ? null
            : {
                ranked_at: health.rankedAtMs === undefined ? null : new Date(health.rankedAtMs).toISOString(),
                posts: health.posts,
                stale: health.stale,
                failures: health.failures,
                error: health.error ?? null,
              },
      };
    });
    const problems = catalogue.problems().map(({ folder, mistakes }) => ({ folder, mistakes: [...mistakes] }));
    return c.json({ feeds, problems }, 200);
  });

  app.openapi(described.feedStats, async (c) => {
    const refused = refuseScope(c, c.var.key, 'stats:read');
    if (refused !== undefined) return refused;
    const { rkey } = c.req.valid('param');
    if (catalogue.find(rkey) === undefined) return problem(c, 404, NO_FEED);
    const stats = await context.readStats(rkey, c.req.valid('query').days);
    const days = stats.map(({ day, requests, unsignedRequests, firstPages, viewers, depth, interactions }) => ({
      day,
      requests,
      unsigned_requests: unsignedRequests,
      first_pages: firstPages,
      viewers,
      depth: { ...depth },
      interactions: { ...interactions },
    }));
    return c.json({ rkey, days }, 200);
  });
}

/** An at-uri stands for itself, whoever posted; an account may be named by its handle. */
async function subjectOf({ directory }: FeedRestContext, named: string): Promise<string | IdentityProblem> {
  if (named.startsWith('at://')) return named;
  const dids = await resolveAccounts(directory, [named]);
  return isIdentityProblem(dids) ? dids : (dids[0] ?? named);
}

function notResolved(c: RestContext, { problem: reason, message }: IdentityProblem) {
  if (reason === 'unavailable') return problem(c, 503, { error: 'IdentityUnavailable', message }, RETRY_SOON);
  return problem(c, 400, { error: reason === 'invalid' ? 'InvalidRequest' : 'AccountNotFound', message });
}

function answerChange(
  c: Context<FeedRestEnv>,
  { events }: FeedRestContext,
  { what, change }: { readonly what: string; readonly change: Change },
) {
  if (!change.done) {
    return problem(c, 400, { error: change.why === 'full' ? 'TooMany' : 'InvalidRequest', message: change.message });
  }
  events.changed({ correlationId: c.var.requestId, keyId: c.var.key.id, what, rows: change.changed });
  return c.json({ changed: change.changed }, 200);
}
