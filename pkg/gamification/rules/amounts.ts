import { TIER_LIMITS, type Tier } from '#pkg/contracts/tiers.ts';

// Every amount of the game. [S]: as published; [D]: decided here, where nothing was published.

/** An analysis, before the tier's multiplier. [S] */
export const ANALYSIS_XP = 10;

/** The first active day of a streak brings this much, the second twice as much, and so on. Not multiplied by the tier. [S]; not multiplied [D] */
export const STREAK_XP_PER_DAY = 5;

/** The first analysis ever, beside what it brings as an analysis. [D] */
export const FIRST_ANALYSIS_XP = 50;

/** Somebody whom the user brought has signed in for the first time. [D] */
export const REFERRAL_XP = 100;

/** XP from one level to the next. [S] */
export const XP_PER_LEVEL = 1000;

/** What is not multiplied: once, in hundredths. */
export const NO_MULTIPLIER = 100;

/** No row of the ledger may say more; whoever earns more at once gets several rows. [D] */
export const MOST_XP_OF_A_ROW = 1_000_000;

/** What a leaderboard of one week outlives its last change by, in seconds: 8 days. [S] */
export const WEEKLY_BOARD_TTL_S = 8 * 86_400;

/** Of a week that is over so many places are kept. [S] */
export const ARCHIVED_PLACES = 1000;

/** How long `user:stats:{user_id}` is served again, in seconds: 5 minutes. [S] */
export const STATS_TTL_S = 300;

/** How often all achievements are looked at again, in ms: 5 minutes. [S] */
export const SWEEP_EVERY_MS = 300_000;

/** By what a tier's analyses are multiplied, in hundredths: 100, 150, 200, 300. [S] */
export const multiplierOf = (tier: Tier): number => TIER_LIMITS[tier].xpMultiplier;

/** An analysis of a tier: 10, 15, 20, 30. [S] */
export const analysisXp = (tier: Tier): number => Math.floor((ANALYSIS_XP * multiplierOf(tier)) / 100);

/** An active day on which the streak is so long, that day included. [S] */
export const streakXp = (streak: number): number => STREAK_XP_PER_DAY * streak;

/** What a tier is given on the first of a month: 3 for jet and orbit. [S] */
export const freezesOf = (tier: Tier): number => TIER_LIMITS[tier].freezesPerMonth;
