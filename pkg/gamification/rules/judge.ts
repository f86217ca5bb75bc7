import type { Day, JudgeDeed } from '../model.ts';
import type { Moment } from './achievements/criteria.ts';
import { freezesOf, streakXp } from './amounts.ts';
import { nextDay, previousDay } from './days.ts';
import type { Draft } from './draft.ts';
import { wasJudged } from './needs-days.ts';
import { withMissed } from './place.ts';
import { addStreakRow, daysText, madeUp } from './streak-rows.ts';
import { streakAt } from './streak-runs.ts';

/**
 * A day is over. It concerns a user whose run reaches to the day before and who was not active on it: a freeze bridges it, or the
 * streak is broken. Undefined where it does not concern them, or was judged before.
 */
export function applyJudge(draft: Draft, deed: JudgeDeed): Moment | undefined {
  const { day } = deed;
  const { lastDay, current } = draft.streak;
  if (lastDay === null || lastDay === day || wasJudged(draft.known, day)) return undefined;
  const dayBefore = previousDay(day);
  if (lastDay < dayBefore) {
    // The day on which this run ended was never judged: no judgement ran then, or the run came to reach that far only later.
    return current > 0 ? breakStreak(draft, deed, { missed: nextDay(lastDay), previous: current }) : undefined;
  }
  const previous = lastDay === dayBefore ? current : lateStreak(draft, day);
  if (previous === 0) return undefined;
  if (freezesOf(deed.tier) > 0 && draft.streak.freezesLeft > 0) return freeze(draft, deed);
  return breakStreak(draft, deed, { missed: day, previous });
}

/** The streak that reaches to the day before one that does not count, where later days count already; 0 where none does. */
function lateStreak(draft: Draft, day: Day): number {
  const days = draft.allDays();
  return days.has(day) ? 0 : streakAt(days, previousDay(day));
}

function freeze(draft: Draft, deed: JudgeDeed): Moment {
  const { day } = deed;
  const placed = draft.place(day, 'frozen');
  const freezesLeft = draft.streak.freezesLeft - 1;
  draft.streak = { ...draft.streak, freezesLeft };
  addStreakRow(
    draft,
    deed,
    { fact: 'freeze', day },
    {
      xpDelta: streakXp(placed.gained),
      reason: `Freeze spent on ${day}${madeUp(placed.gained)}`,
      metadata: { day, freezes_left: freezesLeft },
      ...(placed.gained > 0 && { bonusReason: 'daily_streak' }),
    },
  );
  return { analysis: undefined, backAfter: 0 };
}

function breakStreak(draft: Draft, deed: JudgeDeed, what: { missed: Day; previous: number }): Moment {
  const { missed, previous } = what;
  const { lastDay } = draft.streak;
  const isBack = lastDay !== null && lastDay > missed;
  draft.streak = withMissed(draft.streak, missed);
  draft.broken = { previous, longest: draft.streak.longest, missedDay: missed };
  addStreakRow(
    draft,
    deed,
    { fact: 'missed', day: missed },
    {
      xpDelta: 0,
      reason: `Streak of ${daysText(previous)} ended: ${missed} was missed`,
      metadata: { day: missed, previous },
    },
  );
  return { analysis: undefined, backAfter: isBack ? previous : 0 };
}
