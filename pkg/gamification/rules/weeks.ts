import type { Day } from '../model.ts';
import { addDays, dayOf, daysBetween, endOfDay, startOfDay } from './days.ts';

// Weeks are those of ISO 8601: they begin on Monday, and belong to the year in which their Thursday lies. A week is told by its Monday.

/** Monday of the week in which a day lies. */
export function mondayOfDay(day: Day): Day {
  const weekday = new Date(startOfDay(day)).getUTCDay();
  // Sunday is 0 there, and the last day of the week here.
  return addDays(day, -((weekday + 6) % 7));
}

/** Monday of the week in which a moment lies, in UTC. */
export const mondayOf = (ms: number): Day => mondayOfDay(dayOf(ms));

export const nextWeek = (monday: Day): Day => addDays(monday, 7);
export const previousWeek = (monday: Day): Day => addDays(monday, -7);

/** The first moment that is no longer of the week: Monday 00:00 UTC of the next, ms since 1970. */
export const endOfWeek = (monday: Day): number => endOfDay(addDays(monday, 6));

/** `2026-W47`: the week's year, which at the turn of a year may not be that of the Monday, and its number from 01 to 53. */
export function weekName(monday: Day): string {
  const year = addDays(monday, 3).slice(0, 4);
  const number = daysBetween(firstMondayOf(year), monday) / 7 + 1;
  return `${year}-W${String(number).padStart(2, '0')}`;
}

/** Monday of the week of that name; undefined where there is no such week: `2021-W53`. */
export function mondayOfWeek(name: string): Day | undefined {
  const [, year, number] = /^(\d{4})-W(\d{2})$/.exec(name) ?? [];
  // Years in which a week can be counted on from its Monday without leaving what a `Day` can say.
  if (year === undefined || number === undefined || year < '1970' || year > '9000') return undefined;
  const monday = addDays(firstMondayOf(year), (Number(number) - 1) * 7);
  return weekName(monday) === name ? monday : undefined;
}

/** The 4th of January is always of week 1. */
const firstMondayOf = (year: string): Day => mondayOfDay(`${year}-01-04`);
