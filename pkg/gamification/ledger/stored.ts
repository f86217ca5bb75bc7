import type { Lens } from '#pkg/contracts/lens.ts';
import type { Tier } from '#pkg/contracts/tiers.ts';
import type { Day, LedgerRow, LedgerType, PlayerState, Streak } from '../model.ts';

// What the tables hold, as their statements give it, and what it is here.

/** A user as stored: what decides about deeds, and what else is known of them. `days` and `known` have not been looked up. */
export interface Player extends PlayerState {
  /** Of the newest event about this user. */
  readonly tier: Tier;
  /** The user does not want to stand on leaderboards. */
  readonly hidden: boolean;
  /** The network says that the account is gone. */
  readonly inactive: boolean;
  /** When the index was asked for its figures, ms since 1970; null: never. */
  readonly networkAtMs: number | null;
  /** Rises with every change that a leaderboard shows. */
  readonly version: number;
}

/** A row of the ledger as it stands there. Higher ids were written later. */
export interface StoredRow extends LedgerRow {
  readonly id: number;
}

/** A row of `read-players.sql`. All from `xp_total` on is null without a row in `players`; the streak is without one of its own. */
export interface PlayerRow {
  user_id: string;
  has_left: boolean;
  has_row: boolean;
  xp_total: number;
  analyses: number;
  referrals: number;
  lenses: Lens[];
  tier: Tier;
  network_size: number | null;
  tracked_users: number | null;
  network_ms: number | null;
  hidden: boolean;
  inactive: boolean;
  version: number;
  current_streak: number | null;
  longest_streak: number | null;
  last_activity_date: Day | null;
  streak_start_date: Day | null;
  freezes_left: number | null;
  freezes_month: Day | null;
  unlocked: string[];
}

const NO_STREAK: Streak = {
  current: 0,
  longest: 0,
  lastDay: null,
  startDay: null,
  freezesLeft: 0,
  freezesMonth: null,
};

/** A user whose `has_row` is true. */
export function toPlayer(row: PlayerRow): Player {
  const streak =
    row.current_streak === null
      ? NO_STREAK
      : {
          current: row.current_streak,
          longest: row.longest_streak ?? 0,
          lastDay: row.last_activity_date,
          startDay: row.streak_start_date,
          freezesLeft: row.freezes_left ?? 0,
          freezesMonth: row.freezes_month,
        };
  return {
    userId: row.user_id,
    xpTotal: row.xp_total,
    analyses: row.analyses,
    referrals: row.referrals,
    lenses: new Set(row.lenses),
    networkSize: row.network_size,
    trackedUsers: row.tracked_users,
    streak,
    unlocked: new Set(row.unlocked),
    known: new Set(),
    days: undefined,
    tier: row.tier,
    hidden: row.hidden,
    inactive: row.inactive,
    networkAtMs: row.network_ms,
    version: row.version,
  };
}

/** A row of `read-ledger.sql` or `whole-ledger.sql`. */
export interface TransactionRow {
  id: number;
  user_id: string;
  event_type: LedgerType;
  event_id: string;
  xp_delta: number;
  xp_total: number;
  xp_multiplier: number;
  reason: string;
  metadata: LedgerRow['metadata'];
  is_bonus: boolean;
  bonus_reason: string;
  occurred_at: Date;
}

export const toLedgerRow = (row: TransactionRow): StoredRow => ({
  id: row.id,
  userId: row.user_id,
  type: row.event_type,
  eventId: row.event_id,
  xpDelta: row.xp_delta,
  xpTotal: row.xp_total,
  xpMultiplier: row.xp_multiplier,
  reason: row.reason,
  metadata: row.metadata,
  isBonus: row.is_bonus,
  bonusReason: row.bonus_reason,
  occurredAtMs: row.occurred_at.getTime(),
});
