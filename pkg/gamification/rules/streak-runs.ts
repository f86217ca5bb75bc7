import type { Day, DayKind } from '../model.ts';
import { nextDay, previousDay } from './days.ts';

/*
 * A streak is a function of the set of days that count: on a day that counts it is the number of ACTIVE days in the unbroken run of
 * days, active or frozen, that ends there. So the order in which the days became known cannot matter.
 */

type Days = ReadonlyMap<Day, DayKind>;

/** The streak at a day: 0 where it does not count. */
export function streakAt(days: Days, day: Day): number {
  return runBefore(days, nextDay(day)).active;
}

/** What a day did to the run in which it now lies. */
export interface Placed {
  /** The streak at that day, as it is now. */
  readonly streak: number;
  /** First and last day of the run. */
  readonly start: Day;
  readonly end: Day;
  /** The streak at the last day of the run. */
  readonly streakAtEnd: number;
  /**
   * By how many days, added up, the streaks of the later active days in the run are now longer than before: a day that became known
   * late joins two runs, and each later bonus should have been larger.
   */
  readonly gained: number;
}

/**
 * What it means that `day` counts as `kind`, other than in `days`, where it does not count, or is frozen and becomes active. Looks at
 * no more days than are in the run.
 */
export function placeDay(days: Days, day: Day, kind: DayKind): Placed {
  const before = runBefore(days, day);
  const after = runAfter(days, day);
  const own = kind === 'active' ? 1 : 0;
  // What was frozen already joined the two sides.
  const gain = days.has(day) ? own : own + before.active;
  return {
    streak: before.active + own,
    start: before.start,
    end: after.end,
    streakAtEnd: before.active + own + after.active,
    gained: gain * after.active,
  };
}

/** Of the run that ends just before a day: its active days, and its first day (the day itself where there is no run). */
function runBefore(days: Days, day: Day): { active: number; start: Day } {
  let active = 0;
  let start = day;
  for (let at = previousDay(day); days.has(at); at = previousDay(at)) {
    start = at;
    if (days.get(at) === 'active') active += 1;
  }
  return { active, start };
}

/** Of the run that begins just after a day: its active days, and its last day (the day itself where there is no run). */
function runAfter(days: Days, day: Day): { active: number; end: Day } {
  let active = 0;
  let end = day;
  for (let at = nextDay(day); days.has(at); at = nextDay(at)) {
    end = at;
    if (days.get(at) === 'active') active += 1;
  }
  return { active, end };
}
