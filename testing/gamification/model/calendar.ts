/** Days as whole numbers, counted from 1970-01-01 (UTC): the model walks over them one by one. */
export type DayNumber = number;

const msOfDay = 86_400_000;

export const dayNumberOf = (ms: number): DayNumber => Math.floor(ms / msOfDay);
export const startMsOf = (day: DayNumber): number => day * msOfDay;
/** The last millisecond of the day. */
export const endMsOf = (day: DayNumber): number => startMsOf(day + 1) - 1;

interface CivilDate {
  readonly year: number;
  readonly month: number;
  readonly date: number;
}

/** Years of 365 or 366 days since March of the year 0, so that a leap day is the last of its year. */
const civil = (day: DayNumber): CivilDate => {
  const sinceMarch = day + 719_468;
  const era = Math.floor(sinceMarch / 146_097);
  const dayOfEra = sinceMarch - era * 146_097;
  const leapDays = Math.floor(dayOfEra / 1_460) - Math.floor(dayOfEra / 36_524) + Math.floor(dayOfEra / 146_096);
  const yearOfEra = Math.floor((dayOfEra - leapDays) / 365);
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  const date = dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1;
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, date };
};

const padded = (value: number, width: number): string => String(value).padStart(width, '0');

/** `2026-03-12` */
export const dayText = (day: DayNumber): string => {
  const { year, month, date } = civil(day);
  return `${padded(year, 4)}-${padded(month, 2)}-${padded(date, 2)}`;
};

/** The number of `2026-03-12`. */
export const dayNumber = (text: string): DayNumber => dayNumberOf(Date.parse(`${text}T00:00:00Z`));

export const isFirstOfMonth = (day: DayNumber): boolean => civil(day).date === 1;

/** 0 for a Monday; 1970-01-01 was a Thursday. */
const weekday = (day: DayNumber): number => (((day + 3) % 7) + 7) % 7;

export const mondayOf = (day: DayNumber): DayNumber => day - weekday(day);

/** ISO 8601: a week belongs to the year of its Thursday. `2026-W01` */
export const isoWeek = (day: DayNumber): string => {
  const thursday = mondayOf(day) + 3;
  const { year } = civil(thursday);
  let week = 1;
  for (let earlier = thursday - 7; civil(earlier).year === year; earlier -= 7) week += 1;
  return `${padded(year, 4)}-W${padded(week, 2)}`;
};
