import type { RestEnv } from '#pkg/rest/env.ts';
import type { RateLimits } from '#pkg/rest/limiter.ts';
import type { GamificationLimitName, GamificationRestEvents } from './events.ts';
import type { People } from './people.ts';
import type { GamificationRestLimits, GamificationRestParts } from './ports.ts';

/** What the routes work with. */
export interface GamificationRestContext extends Omit<GamificationRestParts, 'limits' | 'trustedProxies'> {
  readonly limits: GamificationRestLimits;
  readonly trustedProxies: number;
  readonly rates: RateLimits<GamificationLimitName>;
  readonly people: People;
  readonly events: GamificationRestEvents;
}

/** What travels with a request. */
export interface GamificationRestEnv extends RestEnv {
  Variables: RestEnv['Variables'] & {
    /** Set by `requireUser`: who is signed in. */
    userId: string;
  };
}

export const DEFAULT_GAMIFICATION_REST_LIMITS: GamificationRestLimits = {
  requests: { count: 120, windowSeconds: 60 },
  maxBodyBytes: 4_096,
};
