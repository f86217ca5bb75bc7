import type { GrantDeed } from '../model.ts';
import type { Moment } from './achievements/criteria.ts';
import type { Draft } from './draft.ts';
import { streakKey } from './ledger-ids.ts';

/** The freezes of a month: as many as the tier has, not so many more. Undefined where they were given, or those of a later month. */
export function applyGrant(draft: Draft, deed: GrantDeed): Moment | undefined {
  const key = streakKey('freezes', deed.month);
  const { freezesMonth } = draft.streak;
  if (deed.freezes <= 0 || draft.knows(key) || (freezesMonth !== null && freezesMonth > deed.month)) return undefined;
  draft.streak = { ...draft.streak, freezesLeft: deed.freezes, freezesMonth: deed.month };
  draft.addRow(deed, key, {
    xpDelta: 0,
    reason: `${String(deed.freezes)} freezes for ${deed.month.slice(0, 7)}`,
    metadata: { month: deed.month, freezes: deed.freezes },
  });
  return { analysis: undefined, backAfter: 0 };
}
