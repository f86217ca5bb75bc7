import { createRoute, z } from '@hono/zod-openapi';
import { answer, body, describePart } from '#pkg/rest/describe.ts';
import type { ApiDocument } from '#pkg/rest/documents.ts';
import { problems } from '#pkg/rest/problem.ts';
import * as say from './schemas.ts';

/** The routes as they are described and checked; what they do is in `public-routes.ts` and `admin-routes.ts`. */

const nothing: Record<string, string[]>[] = [];
const orNothing = [{ session: [] }, { apiKey: [] }, {}];
const byKey = [{ apiKey: [] }];
const feeds = ['Feeds'];
const operating = ['Operating feeds'];

export const listFeeds = createRoute({
  method: 'get',
  path: '/api/v1/feeds',
  operationId: 'listFeeds',
  tags: feeds,
  security: nothing,
  summary: 'The feeds that everybody may read',
  description: 'Without those for members only.',
  responses: { 200: answer('All of them.', say.feedsBody), ...problems(429, 500, 503) },
});

export const getFeed = createRoute({
  method: 'get',
  path: '/api/v1/feeds/{rkey}',
  operationId: 'getFeed',
  tags: feeds,
  security: nothing,
  summary: 'One feed',
  description: 'What it is called, where it is published and how fresh it is.',
  request: { params: say.rkeyParam },
  responses: { 200: answer('The feed.', say.feedBody), ...problems(400, 404, 429, 500, 503) },
});

const picture = { schema: z.string().openapi({ format: 'binary' }) };

export const getAvatar = createRoute({
  method: 'get',
  path: '/api/v1/feeds/{rkey}/avatar',
  operationId: 'getFeedAvatar',
  tags: feeds,
  security: nothing,
  summary: 'The picture of a feed',
  description: 'PNG or JPEG.',
  request: { params: say.rkeyParam },
  responses: {
    200: { description: 'The picture.', content: { 'image/png': picture, 'image/jpeg': picture } },
    304: { description: 'You have it.' },
    ...problems(400, 404, 429, 500, 503),
  },
});

export const explainPost = createRoute({
  method: 'get',
  path: '/api/v1/feeds/{rkey}/explain',
  operationId: 'explainPost',
  tags: feeds,
  security: orNothing,
  summary: 'Why a post is, or is not, in a feed',
  description:
    'Of a personal feed you are told about your own, signed in; with an API key of the scope feeds:explain about that of `viewer`; else about the form that is shown to those whom we do not know.',
  request: { params: say.rkeyParam, query: say.explainQuery },
  responses: {
    200: answer('Its place, or what keeps it out.', say.explanationBody),
    ...problems(400, 401, 403, 404, 429, 500, 503),
  },
});

export const listMembers = createRoute({
  method: 'get',
  path: '/api/admin/feed_members',
  operationId: 'listFeedMembers',
  tags: operating,
  security: byKey,
  summary: 'The members of a feed',
  description: 'Scope members:read. By DID, page by page.',
  request: { query: say.membersQuery },
  responses: { 200: answer('A page.', say.memberPageBody), ...problems(400, 401, 403, 404, 429, 500, 503) },
});

export const putMembers = createRoute({
  method: 'put',
  path: '/api/admin/feed_members',
  operationId: 'putFeedMembers',
  tags: operating,
  security: byKey,
  summary: 'Add members to a feed, or name all of them anew',
  description: 'Scope members:write. All of them or none: a handle that leads nowhere is a 400.',
  request: { query: say.putMembersQuery, ...body(say.membersBody) },
  responses: { 200: answer('Done.', say.changedBody), ...problems(400, 401, 403, 404, 413, 415, 429, 500, 503) },
});

export const deleteMembers = createRoute({
  method: 'delete',
  path: '/api/admin/feed_members',
  operationId: 'deleteFeedMembers',
  tags: operating,
  security: byKey,
  summary: 'Remove members from a feed',
  description: 'Scope members:write. Those who were none are passed over.',
  request: { query: say.deleteMembersQuery, ...body(say.membersBody) },
  responses: { 200: answer('Done.', say.changedBody), ...problems(400, 401, 403, 404, 413, 415, 429, 500, 503) },
});

export const listBans = createRoute({
  method: 'get',
  path: '/api/admin/bans',
  operationId: 'listBans',
  tags: operating,
  security: byKey,
  summary: 'Accounts and posts that no feed shows',
  description: 'Scope bans:read. By subject, page by page.',
  request: { query: say.bansQuery },
  responses: { 200: answer('A page.', say.banPageBody), ...problems(400, 401, 403, 429, 500, 503) },
});

export const putBan = createRoute({
  method: 'put',
  path: '/api/admin/bans',
  operationId: 'putBan',
  tags: operating,
  security: byKey,
  summary: 'Ban an account or a post from every feed',
  description: 'Scope bans:write. In force on the next page that anybody is served.',
  request: body(say.banBody),
  responses: { 200: answer('Done.', say.changedBody), ...problems(400, 401, 403, 413, 415, 429, 500, 503) },
});

export const deleteBan = createRoute({
  method: 'delete',
  path: '/api/admin/bans',
  operationId: 'deleteBan',
  tags: operating,
  security: byKey,
  summary: 'Lift a ban',
  description: 'Scope bans:write.',
  request: { query: say.unbanQuery },
  responses: { 200: answer('Done.', say.changedBody), ...problems(400, 401, 403, 429, 500, 503) },
});

export const adminFeeds = createRoute({
  method: 'get',
  path: '/api/admin/feeds',
  operationId: 'listAllFeeds',
  tags: operating,
  security: byKey,
  summary: 'All feeds, how they are doing, and folders with mistakes',
  description: 'Scope feeds:read.',
  responses: { 200: answer('All of them.', say.adminFeedsBody), ...problems(401, 403, 429, 500, 503) },
});

export const feedStats = createRoute({
  method: 'get',
  path: '/api/admin/feeds/{rkey}/stats',
  operationId: 'getFeedStats',
  tags: operating,
  security: byKey,
  summary: 'How much a feed is read',
  description: 'Scope stats:read. By day, the newest first.',
  request: { params: say.rkeyParam, query: say.statsQuery },
  responses: { 200: answer('By day.', say.statsBody), ...problems(400, 401, 403, 404, 429, 500, 503) },
});

const xml = { schema: z.string() };

export const syndicate = createRoute({
  method: 'get',
  path: '/feeds/{file}',
  operationId: 'syndicateFeed',
  tags: feeds,
  security: nothing,
  summary: 'A feed as RSS, Atom or JSON Feed',
  description: '`/feeds/whats-hot.rss`, `.atom` or `.json`: what readers without an account are shown.',
  request: { params: z.object({ file: z.string().max(520) }) },
  responses: {
    200: {
      description: 'The newest ranking.',
      content: { 'application/rss+xml': xml, 'application/atom+xml': xml, 'application/feed+json': xml },
    },
    304: { description: 'You have it.' },
    ...problems(404, 429, 500, 503),
  },
});

const ROUTES = [
  listFeeds,
  getFeed,
  getAvatar,
  explainPost,
  syndicate,
  listMembers,
  putMembers,
  deleteMembers,
  listBans,
  putBan,
  deleteBan,
  adminFeeds,
  feedStats,
];

const PART = {
  title: 'Skyflow feeds',
  tags: [
    { name: 'Feeds', description: 'What there is to read, and why a post is in it.' },
    { name: 'Operating feeds', description: 'For programs of the operator, with an API key.' },
  ],
  routes: ROUTES,
  schemes: ['session', 'apiKey'],
} as const;

/** The part of the API's OpenAPI document that describes feeds. */
export const feedsDocument = (publicUrl: string): ApiDocument => describePart(PART, publicUrl);
