import type { ReferralDeed } from '../model.ts';
import type { Moment } from './achievements/criteria.ts';
import { REFERRAL_XP } from './amounts.ts';
import type { Draft } from './draft.ts';
import { referralKey } from './ledger-ids.ts';

/** Somebody came because of this user. Undefined where that is known, or somebody claims to have brought themselves. */
export function applyReferral(draft: Draft, deed: ReferralDeed): Moment | undefined {
  const key = referralKey(deed.newUserId);
  if (deed.newUserId === deed.userId || draft.knows(key)) return undefined;
  draft.referrals += 1;
  draft.addRow(deed, key, { xpDelta: REFERRAL_XP, reason: 'Brought a new user', metadata: {} });
  return { analysis: undefined, backAfter: 0 };
}
