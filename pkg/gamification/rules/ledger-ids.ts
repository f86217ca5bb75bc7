import { derivedEventId } from '#pkg/bus/events.ts';
import type { Day, Deed, LedgerType } from '../model.ts';
import { dayOf } from './days.ts';

// What names a row of the ledger within its user, for good. The database refuses a second row of the same name: that is what makes
// every deed count once.

export interface LedgerKey {
  readonly type: LedgerType;
  readonly eventId: string;
}

/** `<type>/<eventId>`, as in `PlayerState.known`. */
export const keyText = (key: LedgerKey): string => `${key.type}/${key.eventId}`;

/** The event id of the row for the first analysis ever. Analysis ids are UUIDs, so none can be this. */
export const FIRST_ANALYSIS = 'first_analysis';

export const analysisKey = (analysisId: string): LedgerKey => ({ type: 'timeline_analyzed', eventId: analysisId });
export const firstAnalysisKey: LedgerKey = { type: 'timeline_analyzed', eventId: FIRST_ANALYSIS };
/** A hash rather than the DID: who leaves is not named in another's ledger. */
export const referralKey = (newUserId: string): LedgerKey => ({
  type: 'referral_signup',
  eventId: derivedEventId('referral', newUserId),
});
export const achievementKey = (slug: string): LedgerKey => ({ type: 'achievement_unlocked', eventId: slug });

/** What a row of type daily_streak is about: an active day, a day bridged, one missed, or freezes given. */
export const STREAK_FACTS = ['day', 'freeze', 'missed', 'freezes'] as const;
export type StreakFact = (typeof STREAK_FACTS)[number];

/** `part`, from 2 on, is for what did not fit into one row. */
export const streakKey = (fact: StreakFact, day: Day, part = 1): LedgerKey => ({
  type: 'daily_streak',
  eventId: part === 1 ? `${fact}:${day}` : `${fact}:${day}:${part}`,
});

/** What the event id of a row of type daily_streak says; undefined where it is not of ours. */
export function readStreakKey(
  eventId: string,
): { readonly fact: StreakFact; readonly day: Day; readonly part: number } | undefined {
  const [, name, day, part] = /^([a-z]+):(\d{4}-\d{2}-\d{2})(?::(\d+))?$/.exec(eventId) ?? [];
  const fact = STREAK_FACTS.find((known) => known === name);
  if (fact === undefined || day === undefined) return undefined;
  return { fact, day, part: part === undefined ? 1 : Number(part) };
}

/**
 * The rows that a deed could write and that must be looked up before it is applied. Not those of achievements: `unlocked` tells
 * them. Nor the further parts of a row, which are there only with the first.
 */
export function ledgerKeysOf(deed: Deed): readonly LedgerKey[] {
  switch (deed.kind) {
    case 'analysis':
      return [analysisKey(deed.eventId), firstAnalysisKey, streakKey('day', dayOf(deed.atMs))];
    case 'referral':
      return [referralKey(deed.newUserId)];
    case 'judge':
      return [streakKey('freeze', deed.day), streakKey('missed', deed.day)];
    case 'grant':
      return [streakKey('freezes', deed.month)];
    case 'recheck':
      return [];
  }
}
