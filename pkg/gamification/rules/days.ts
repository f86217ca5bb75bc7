import type { Day } from '../model.ts';

const dayMs = 86_400_000;

/** The day in UTC on which a moment lies; its last millisecond is 23:59:59.999. */
export const dayOf = (ms: number): Day => new Date(ms).toISOString().slice(0, 10);

/** The first moment of a day, ms since 1970. */
export const startOfDay = (day: Day): number => Date.parse(`${day}T00:00:00.000Z`);

/** The first moment that is no longer of the day. */
export const endOfDay = (day: Day): number => startOfDay(day) + dayMs;

/** So many days later; earlier where `days` is negative. */
export const addDays = (day: Day, days: number): Day => dayOf(startOfDay(day) + days * dayMs);

export const nextDay = (day: Day): Day => addDays(day, 1);
export const previousDay = (day: Day): Day => addDays(day, -1);

/** Days from one to another: 1 from a day to the next, negative backwards. */
export const daysBetween = (from: Day, to: Day): number => (startOfDay(to) - startOfDay(from)) / dayMs;

/** The first day of the month in which a day lies. */
export const firstOfMonth = (day: Day): Day => `${day.slice(0, 8)}01`;

export const isFirstOfMonth = (day: Day): boolean => day.endsWith('-01');

/** Whether a text is a day that there is: `2026-02-29` is none. */
export function isDay(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const ms = startOfDay(text);
  // Some engines carry the 30th of February over into March.
  return !Number.isNaN(ms) && dayOf(ms) === text;
}
