import type { RecheckDeed } from '../model.ts';
import type { Moment } from './achievements/criteria.ts';
import type { Draft } from './draft.ts';

/** New figures of the index, or none: what they unlock is looked for in any case. */
export function applyRecheck(draft: Draft, deed: RecheckDeed): Moment {
  const networkSize = figure(deed.networkSize, draft.networkSize);
  const trackedUsers = figure(deed.trackedUsers, draft.trackedUsers);
  if (networkSize !== draft.networkSize || trackedUsers !== draft.trackedUsers) draft.changed = true;
  draft.networkSize = networkSize;
  draft.trackedUsers = trackedUsers;
  return { analysis: undefined, backAfter: 0 };
}

/** What cannot be a number of accounts is not believed. */
function figure(told: number | undefined, before: number | null): number | null {
  return told !== undefined && Number.isSafeInteger(told) && told >= 0 ? told : before;
}
