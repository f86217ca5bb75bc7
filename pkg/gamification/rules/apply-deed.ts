import type { Change, Deed, Effect, PlayerState } from '../model.ts';
import type { Moment } from './achievements/criteria.ts';
import { applyAnalysis } from './analysis.ts';
import { Draft } from './draft.ts';
import { applyGrant } from './grant.ts';
import { applyJudge } from './judge.ts';
import { applyRecheck } from './recheck.ts';
import { applyReferral } from './referral.ts';
import { unlockAll } from './unlocks.ts';

/**
 * What a deed brings to a user in that state. The state itself is left as it is. A deed that the ledger knows brings nothing.
 * Throws where all days are needed (`needsDays`) and the state does not have them.
 */
export function applyDeed(state: PlayerState, deed: Deed): Effect {
  const draft = new Draft(state);
  const change = applyTo(draft, deed);
  return { ...change, state: draft.changed ? draft.close() : state };
}

/** What several deeds of one user bring, one after the other: as `applyDeed` on each, without a copy of the state between them. */
export function applyDeeds(
  state: PlayerState,
  deeds: readonly Deed[],
): { readonly state: PlayerState; readonly changes: readonly Change[] } {
  const draft = new Draft(state);
  const changes = deeds.map((deed) => applyTo(draft, deed));
  return { state: draft.changed ? draft.close() : state, changes };
}

function applyTo(draft: Draft, deed: Deed): Change {
  const moment = applyOwn(draft, deed);
  if (moment !== undefined) unlockAll(draft, deed, moment);
  return draft.take();
}

/** The deed without the achievements; undefined where it is known or does not concern the user. */
function applyOwn(draft: Draft, deed: Deed): Moment | undefined {
  switch (deed.kind) {
    case 'analysis':
      return applyAnalysis(draft, deed);
    case 'referral':
      return applyReferral(draft, deed);
    case 'recheck':
      return applyRecheck(draft, deed);
    case 'judge':
      return applyJudge(draft, deed);
    case 'grant':
      return applyGrant(draft, deed);
  }
}
