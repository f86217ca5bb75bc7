import type { Day, Deed, PlayerState } from '../model.ts';
import { dayOf } from './days.ts';
import { keyText, streakKey } from './ledger-ids.ts';
import { isAtEnd } from './place.ts';

/**
 * Whether all days of the user must be known to apply this deed in this state: where a day turns up late, or is judged late. True of
 * some deeds that turn out to bring nothing, and of nothing that comes in its order. `days` itself is not looked at.
 */
export function needsDays(state: PlayerState, deed: Deed): boolean {
  const { streak, known } = state;
  if (streak.lastDay === null) return false;
  if (deed.kind === 'analysis') {
    const day = dayOf(deed.atMs);
    return !isAtEnd(streak, day) && !known.has(keyText(streakKey('day', day)));
  }
  // Judged late: later days count already.
  return deed.kind === 'judge' && streak.lastDay > deed.day && !wasJudged(known, deed.day);
}

/** Whether the ledger has a judgement of that day. (Of most days it has none: they were active, or nobody had a streak to lose.) */
export function wasJudged(known: ReadonlySet<string>, day: Day): boolean {
  return known.has(keyText(streakKey('freeze', day))) || known.has(keyText(streakKey('missed', day)));
}
