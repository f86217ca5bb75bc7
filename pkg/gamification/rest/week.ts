import type { Day } from '../model.ts';
import { startOfDay } from '../rules/days.ts';
import { endOfWeek, mondayOf, mondayOfWeek, weekName } from '../rules/weeks.ts';

/** An ISO week. */
export interface Week {
  /** 2026-W47. */
  readonly name: string;
  readonly monday: Day;
  readonly fromMs: number;
  /** The first moment that is not in it. */
  readonly toMs: number;
}

const weekOf = (monday: Day): Week => ({
  name: weekName(monday),
  monday,
  fromMs: startOfDay(monday),
  toMs: endOfWeek(monday),
});

/** The week that a moment is in. */
export const weekAt = (ms: number): Week => weekOf(mondayOf(ms));

/** The week of this name, or undefined where no year has such a one: 2026-W54, 2025-W53. */
export function readWeek(name: string): Week | undefined {
  const monday = mondayOfWeek(name);
  return monday === undefined ? undefined : weekOf(monday);
}
