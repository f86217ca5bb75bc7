import type { PlayerState, Streak } from '../model.ts';

/** Of a user who was never active. */
export const NO_STREAK: Streak = {
  current: 0,
  longest: 0,
  lastDay: null,
  startDay: null,
  freezesLeft: 0,
  freezesMonth: null,
};

/** A user of whom the ledger knows nothing. */
export const newPlayer = (userId: string): PlayerState => ({
  userId,
  tier: 'drift',
  xpTotal: 0,
  analyses: 0,
  referrals: 0,
  lenses: new Set(),
  networkSize: null,
  trackedUsers: null,
  streak: NO_STREAK,
  unlocked: new Set(),
  known: new Set(),
  days: new Map(),
});
