import type { Day, DayKind, Streak } from '../model.ts';
import { nextDay } from './days.ts';
import { type Placed, placeDay } from './streak-runs.ts';

/** Whether a day that does not count yet as active can be judged by the streak alone: it begins a run, or lies at the end of the last. */
export function isAtEnd(streak: Streak, day: Day): boolean {
  if (streak.lastDay === null) return true;
  const next = nextDay(streak.lastDay);
  if (day > next) return true;
  // The last day itself: where it is frozen and becomes active. Of a broken run nobody remembers how long it was.
  return streak.current > 0 && (day === next || day === streak.lastDay);
}

/** A day that is to count, as active or frozen. */
export interface NewDay {
  readonly day: Day;
  readonly kind: DayKind;
}

/** What a new day means for the runs, and the streak after it. `days`, without the new one, is called only where that must be known. */
export function place(
  streak: Streak,
  { day, kind }: NewDay,
  days: () => ReadonlyMap<Day, DayKind>,
): { readonly placed: Placed; readonly streak: Streak } {
  const placed = isAtEnd(streak, day) ? placeAtEnd(streak, day, kind) : placeDay(days(), day, kind);
  const wasBroken = streak.lastDay !== null && streak.current === 0;
  const isNewest = streak.lastDay === null || day > streak.lastDay;
  const lastDay = isNewest ? day : streak.lastDay;
  // A run that was judged to be over stays so, whatever turns up of it.
  const isCurrent = placed.end === lastDay && (isNewest || !wasBroken);
  return {
    placed,
    streak: {
      ...streak,
      current: isCurrent ? placed.streakAtEnd : streak.current,
      startDay: isCurrent ? placed.start : streak.startDay,
      longest: Math.max(streak.longest, placed.streakAtEnd),
      lastDay,
    },
  };
}

/** The streak once a day is known to be missed. Whoever was active again after it keeps the new run. */
export function withMissed(streak: Streak, missed: Day): Streak {
  const isLast = streak.lastDay !== null && nextDay(streak.lastDay) === missed;
  return isLast ? { ...streak, current: 0, startDay: null } : streak;
}

function placeAtEnd(streak: Streak, day: Day, kind: DayKind): Placed {
  const own = kind === 'active' ? 1 : 0;
  const goesOn = streak.lastDay !== null && day <= nextDay(streak.lastDay);
  const length = goesOn ? streak.current + own : own;
  const start = goesOn ? (streak.startDay ?? day) : day;
  return { streak: length, start, end: day, streakAtEnd: length, gained: 0 };
}
