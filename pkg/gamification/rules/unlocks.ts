import type { Deed } from '../model.ts';
import { ACHIEVEMENTS } from './achievements/catalogue.ts';
import { isMet, type Moment } from './achievements/criteria.ts';
import type { Draft } from './draft.ts';
import { achievementKey } from './ledger-ids.ts';

/**
 * Unlocks, in the order of the catalogue, all that is met now; and again, since the XP of one may meet another, until nothing more is.
 * Every round but the last unlocks something, so there are at most as many as achievements, and one.
 */
export function unlockAll(draft: Draft, deed: Deed, moment: Moment): void {
  for (let again = true; again;) {
    again = false;
    for (const achievement of ACHIEVEMENTS) {
      const { slug, name, rarity, xpReward } = achievement;
      if (draft.unlocked.has(slug) || !isMet(achievement, draft, moment)) continue;
      draft.addUnlock(slug, deed.atMs);
      draft.addRow(deed, achievementKey(slug), {
        xpDelta: xpReward,
        reason: `Achievement: ${name}`,
        metadata: { slug, rarity },
      });
      again = true;
    }
  }
}
