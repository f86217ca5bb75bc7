import type { Querier } from '#pkg/postgres/client.ts';

/** A row of the ledger as it stands in the table. */
export interface StoredRow {
  readonly id: number;
  readonly userId: string;
  readonly type: string;
  readonly eventId: string;
  readonly delta: number;
  readonly total: number;
  readonly multiplier: number;
  readonly isBonus: boolean;
  readonly atMs: number;
}

export interface StoredPlayer {
  readonly userId: string;
  readonly total: number;
  readonly analyses: number;
  readonly referrals: number;
  readonly lenses: readonly string[];
  readonly hidden: boolean;
}

export interface StoredStreak {
  readonly userId: string;
  readonly current: number;
  readonly longest: number;
  readonly lastDay: string | null;
  readonly freezesLeft: number;
}

/** Everything that gamification keeps in Postgres. */
export interface Stored {
  /** In the order in which they were written. */
  readonly ledger: readonly StoredRow[];
  readonly players: readonly StoredPlayer[];
  readonly streaks: readonly StoredStreak[];
  readonly days: readonly { readonly userId: string; readonly day: string; readonly kind: string }[];
  readonly unlocks: readonly { readonly userId: string; readonly slug: string }[];
  /** By the Monday. */
  readonly weekly: readonly { readonly userId: string; readonly week: string; readonly xp: number }[];
  readonly archive: readonly {
    readonly userId: string;
    readonly period: string;
    readonly rank: number;
    readonly xp: number;
  }[];
}

const LEDGER = `SELECT id, user_id AS "userId", event_type AS type, event_id AS "eventId", xp_delta AS delta, xp_total AS total,
  xp_multiplier AS multiplier, is_bonus AS "isBonus", (extract(epoch FROM occurred_at) * 1000)::bigint AS "atMs"
  FROM xp_transactions ORDER BY id`;
const PLAYERS = `SELECT user_id AS "userId", xp_total AS total, analyses, referrals, lenses, hidden FROM players ORDER BY user_id`;
const STREAKS = `SELECT user_id AS "userId", current_streak AS current, longest_streak AS longest, last_activity_date AS "lastDay",
  freezes_left AS "freezesLeft" FROM streaks ORDER BY user_id`;
const DAYS = 'SELECT user_id AS "userId", day, kind FROM streak_days ORDER BY user_id, day';
const UNLOCKS = 'SELECT user_id AS "userId", slug FROM user_achievements ORDER BY user_id, slug';
const WEEKLY = 'SELECT user_id AS "userId", week, xp FROM weekly_xp WHERE xp <> 0 ORDER BY user_id, week';
const ARCHIVE = 'SELECT user_id AS "userId", period, rank, xp FROM leaderboards ORDER BY period, rank, user_id';

export const readStored = async (postgres: Pick<Querier, 'query'>): Promise<Stored> => {
  const rows = async <T>(text: string): Promise<T[]> => (await postgres.query<T>(text)).rows;
  return {
    ledger: await rows(LEDGER),
    players: await rows(PLAYERS),
    streaks: await rows(STREAKS),
    days: await rows(DAYS),
    unlocks: await rows(UNLOCKS),
    weekly: await rows(WEEKLY),
    archive: await rows(ARCHIVE),
  };
};
