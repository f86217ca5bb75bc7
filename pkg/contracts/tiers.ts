/** The tiers, lowest first. New users are on the first. */
export const TIERS = ['drift', 'lift', 'jet', 'orbit'] as const;
export type Tier = (typeof TIERS)[number];

/** What a tier allows. */
export interface TierLimits {
  /** US dollars a month. */
  readonly priceUsd: number;
  /** Infinity: no limit. */
  readonly analysesPerHour: number;
  /** XP earned by an analysis, in hundredths: 150 is one and a half times. */
  readonly xpMultiplier: number;
  readonly freezesPerMonth: number;
  /** How long an answer is served again, in minutes. */
  readonly cacheMinutes: number;
  /** Open SSE connections of one user. */
  readonly sseConnections: number;
  /** Analyses of one user under way at once. */
  readonly concurrentAnalyses: number;
}

/** The published limits, and two limits that keep one user from taking the whole server. */
export const TIER_LIMITS: Readonly<Record<Tier, TierLimits>> = {
  drift: {
    priceUsd: 0,
    analysesPerHour: 5,
    xpMultiplier: 100,
    freezesPerMonth: 0,
    cacheMinutes: 60,
    sseConnections: 5,
    concurrentAnalyses: 2,
  },
  lift: {
    priceUsd: 5,
    analysesPerHour: 20,
    xpMultiplier: 150,
    freezesPerMonth: 0,
    cacheMinutes: 30,
    sseConnections: 5,
    concurrentAnalyses: 4,
  },
  jet: {
    priceUsd: 9,
    analysesPerHour: 50,
    xpMultiplier: 200,
    freezesPerMonth: 3,
    cacheMinutes: 30,
    sseConnections: 10,
    concurrentAnalyses: 8,
  },
  orbit: {
    priceUsd: 25,
    analysesPerHour: Infinity,
    xpMultiplier: 300,
    freezesPerMonth: 3,
    cacheMinutes: 30,
    sseConnections: 20,
    concurrentAnalyses: 16,
  },
};

/** Whether `tier` includes what `required` includes. */
export const tierIncludes = (tier: Tier, required: Tier): boolean => TIERS.indexOf(tier) >= TIERS.indexOf(required);
