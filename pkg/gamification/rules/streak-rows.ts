import type { Day, Deed } from '../model.ts';
import { MOST_XP_OF_A_ROW, streakXp } from './amounts.ts';
import type { Draft, RowText } from './draft.ts';
import { type StreakFact, streakKey } from './ledger-ids.ts';

/** A row of type daily_streak, or several, where one may not hold that much: a late day that joined two runs of many hundred days. */
export function addStreakRow(draft: Draft, deed: Deed, name: { fact: StreakFact; day: Day }, text: RowText): void {
  let left = text.xpDelta;
  for (let part = 1; part === 1 || left > 0; part += 1) {
    const xpDelta = Math.min(left, MOST_XP_OF_A_ROW);
    const metadata = part === 1 ? text.metadata : { day: name.day, part };
    draft.addRow(deed, streakKey(name.fact, name.day, part), { ...text, xpDelta, metadata });
    left -= xpDelta;
  }
}

/** What later days should have brought, had this one been known. */
export function madeUp(gained: number): string {
  return gained === 0 ? '' : `, and ${String(streakXp(gained))} XP for the days after it`;
}

/** `1 day`, `2 days`. */
export const daysText = (days: number): string => (days === 1 ? '1 day' : `${String(days)} days`);
