import { createRoute } from '@hono/zod-openapi';
import { answer, body, describePart } from '#pkg/rest/describe.ts';
import type { ApiDocument } from '#pkg/rest/documents.ts';
import { problems } from '#pkg/rest/problem.ts';
import * as say from './schemas.ts';

/** The routes as they are described and checked; what they do is in the files named after them. */

const orNothing: Record<string, string[]>[] = [{ session: [] }, {}];
const bySession = [{ session: [] }];
const boards = ['Leaderboards'];
const rewards = ['XP and achievements'];

export const globalBoard = createRoute({
  method: 'get',
  path: '/api/v1/leaderboards/global',
  operationId: 'getGlobalLeaderboard',
  tags: boards,
  security: orNothing,
  summary: 'Who has most XP',
  description: 'With a session it also says where you stand.',
  request: { query: say.globalQuery },
  responses: { 200: answer('A page.', say.leaderboardBody), ...problems(400, 401, 429, 500, 503) },
});

export const weeklyBoard = createRoute({
  method: 'get',
  path: '/api/v1/leaderboards/weekly',
  operationId: 'getWeeklyLeaderboard',
  tags: boards,
  security: orNothing,
  summary: 'Who earned most XP in a week',
  description: 'Weeks begin on Monday at 00:00 UTC. Of those that are over the first thousand are kept.',
  request: { query: say.weeklyQuery },
  responses: { 200: answer('A page.', say.leaderboardBody), ...problems(400, 401, 429, 500, 503) },
});

export const followingBoard = createRoute({
  method: 'get',
  path: '/api/v1/leaderboards/following',
  operationId: 'getFollowingLeaderboard',
  tags: boards,
  security: bySession,
  summary: 'You among the accounts that you follow',
  description:
    'Those of them that use Skyflow, ranked among themselves and you. Whom you follow is read from the index.',
  request: { query: say.followingQuery },
  responses: { 200: answer('A page.', say.leaderboardBody), ...problems(400, 401, 429, 500, 503) },
});

export const userStats = createRoute({
  method: 'get',
  path: '/api/v1/users/{did}/stats',
  operationId: 'getUserStats',
  tags: rewards,
  security: orNothing,
  summary: 'What a user has come to',
  description: 'Up to five minutes old. Users who hide from leaderboards are a 404 to everybody but themselves.',
  request: { params: say.didParam },
  responses: { 200: answer('Their figures.', say.statsBody), ...problems(400, 401, 404, 429, 500, 503) },
});

export const listAchievements = createRoute({
  method: 'get',
  path: '/api/v1/achievements',
  operationId: 'listAchievements',
  tags: rewards,
  security: orNothing,
  summary: 'What can be unlocked',
  description: 'The same for everybody, and for as long as this version runs.',
  responses: {
    200: answer('All of them.', say.achievementsBody),
    304: { description: 'You have it.' },
    ...problems(401, 429, 500, 503),
  },
});

export const myAchievements = createRoute({
  method: 'get',
  path: '/api/v1/me/achievements',
  operationId: 'getMyAchievements',
  tags: rewards,
  security: bySession,
  summary: 'What you have unlocked, and how far you are with the rest',
  description: 'In the order of the catalogue.',
  responses: { 200: answer('All of them.', say.myAchievementsBody), ...problems(401, 429, 500, 503) },
});

export const myStreak = createRoute({
  method: 'get',
  path: '/api/v1/me/streak',
  operationId: 'getMyStreak',
  tags: rewards,
  security: bySession,
  summary: 'Your streak',
  description: 'Days count in UTC. A day is judged when it is over.',
  responses: { 200: answer('Your streak.', say.streakBody), ...problems(401, 429, 500, 503) },
});

export const myXp = createRoute({
  method: 'get',
  path: '/api/v1/me/xp',
  operationId: 'getMyXp',
  tags: rewards,
  security: bySession,
  summary: 'All that you ever earned, newest first',
  description: 'Page by page: send the cursor of one page to get the next. New rows do not move what is below them.',
  request: { query: say.xpQuery },
  responses: { 200: answer('A page.', say.xpBody), ...problems(400, 401, 429, 500, 503) },
});

export const getVisibility = createRoute({
  method: 'get',
  path: '/api/v1/me/leaderboard',
  operationId: 'getLeaderboardVisibility',
  tags: boards,
  security: bySession,
  summary: 'Whether you stand on leaderboards',
  description: 'Everybody does, until they say otherwise.',
  responses: { 200: answer('Your choice.', say.visibilityBody), ...problems(401, 429, 500, 503) },
});

export const putVisibility = createRoute({
  method: 'put',
  path: '/api/v1/me/leaderboard',
  operationId: 'setLeaderboardVisibility',
  tags: boards,
  security: bySession,
  summary: 'Leave the leaderboards, or come back',
  description: 'From the next answer on, in weeks that are over too. Nothing that you earned is lost.',
  request: body(say.visibilityBody),
  responses: { 200: answer('Your choice.', say.visibilityBody), ...problems(400, 401, 413, 415, 429, 500, 503) },
});

const ROUTES = [
  globalBoard,
  weeklyBoard,
  followingBoard,
  userStats,
  listAchievements,
  myAchievements,
  myStreak,
  myXp,
  getVisibility,
  putVisibility,
];

const PART = {
  title: 'Skyflow gamification',
  tags: [
    { name: 'XP and achievements', description: 'What your analyses have earned.' },
    { name: 'Leaderboards', description: 'Where you stand, and whether you want to.' },
  ],
  routes: ROUTES,
  schemes: ['session'],
} as const;

/** The part of the API's OpenAPI document that describes gamification. */
export const gamificationDocument = (publicUrl: string): ApiDocument => describePart(PART, publicUrl);
