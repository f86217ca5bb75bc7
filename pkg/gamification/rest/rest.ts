import type { Hono } from 'hono';
import { createRestApp } from '#pkg/rest/app.ts';
import { RateLimits } from '#pkg/rest/limiter.ts';
import { addAchievementRoutes } from './achievement-routes.ts';
import { DEFAULT_GAMIFICATION_REST_LIMITS, type GamificationRestContext, type GamificationRestEnv } from './context.ts';
import { GamificationRestEvents } from './events.ts';
import { addLeaderboardRoutes } from './leaderboard-routes.ts';
import { addMyRoutes } from './my-routes.ts';
import { createPeople } from './people.ts';
import type { GamificationRestParts } from './ports.ts';
import { addStatsRoute } from './stats-route.ts';

/** What the app answers. Beside others on one port these come before `/api/*`, which is core-api's. */
export const GAMIFICATION_PATHS = [
  '/api/v1/leaderboards/*',
  '/api/v1/users/*',
  '/api/v1/achievements',
  '/api/v1/me/achievements',
  '/api/v1/me/leaderboard',
  '/api/v1/me/streak',
  '/api/v1/me/xp',
] as const;

/** The REST API of gamification: leaderboards and stats for everybody, one's own ledger, streak and achievements. */
export function createGamificationRest(parts: GamificationRestParts): Hono {
  const { clock, log, registry, redis, postgres, trustedProxies = 0 } = parts;
  const publicUrl = parts.publicUrl.replace(/\/+$/, '');
  const limits = { ...DEFAULT_GAMIFICATION_REST_LIMITS, ...parts.limits };
  const events = new GamificationRestEvents(log, registry);
  const context: GamificationRestContext = {
    ...parts,
    publicUrl,
    limits,
    trustedProxies,
    rates: new RateLimits(redis),
    people: createPeople(postgres),
    events,
  };
  const app = createRestApp<GamificationRestEnv>({ clock, publicUrl, maxBodyBytes: limits.maxBodyBytes, events });
  addLeaderboardRoutes(app, context);
  addStatsRoute(app, context);
  addAchievementRoutes(app, context);
  addMyRoutes(app, context);
  // What travels with a request is our own business.
  return app as unknown as Hono;
}
