import type { RestEnv } from '#pkg/rest/env.ts';
import type { RateLimits } from '#pkg/rest/limiter.ts';
import type { ApiKey } from '../rules/api-keys.ts';
import type { FeedLimitName, FeedRestEvents } from './events.ts';
import type { FeedRestLimits, FeedRestParts } from './ports.ts';

/** What the routes work with. */
export interface FeedRestContext extends Omit<FeedRestParts, 'limits' | 'trustedProxies'> {
  readonly limits: FeedRestLimits;
  readonly trustedProxies: number;
  readonly rates: RateLimits<FeedLimitName>;
  readonly events: FeedRestEvents;
}

/** What travels with a request. */
export interface FeedRestEnv extends RestEnv {
  Variables: RestEnv['Variables'] & {
    /** Set by `requireKey`. */
    key: ApiKey;
  };
}

export const DEFAULT_FEED_REST_LIMITS: FeedRestLimits = {
  requests: { count: 120, windowSeconds: 60 },
  keyAttempts: { count: 1_200, windowSeconds: 60 },
  keyRequests: { count: 600, windowSeconds: 60 },
  // Ten thousand members by their DIDs.
  maxBodyBytes: 1_048_576,
};
