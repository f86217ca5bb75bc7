import { describe, expect, test } from 'vitest';
import * as days from './days.ts';
import { endOfWeek, mondayOf, mondayOfDay, mondayOfWeek, nextWeek, previousWeek, weekName } from './weeks.ts';

describe('days', () => {
  test('a day ends with its last millisecond, in UTC', () => {
    expect(days.dayOf(Date.parse('2026-03-12T23:59:59.999Z'))).toBe('2026-03-12');
    expect(days.dayOf(Date.parse('2026-03-13T00:00:00.000Z'))).toBe('2026-03-13');
    expect(days.endOfDay('2026-03-12')).toBe(Date.parse('2026-03-13T00:00:00Z'));
    expect(days.startOfDay('2026-03-12')).toBe(Date.parse('2026-03-12T00:00:00Z'));
  });

  test.each([
    ['2026-01-31', '2026-02-01'],
    ['2026-02-28', '2026-03-01'],
    ['2024-02-28', '2024-02-29'],
    ['2024-02-29', '2024-03-01'],
    ['2000-02-28', '2000-02-29'],
    ['2100-02-28', '2100-03-01'],
    ['2026-12-31', '2027-01-01'],
    // Where clocks change, days in UTC do not.
    ['2026-03-29', '2026-03-30'],
  ])('after %s comes %s', (day, next) => {
    expect(days.nextDay(day)).toBe(next);
    expect(days.previousDay(next)).toBe(day);
    expect(days.daysBetween(day, next)).toBe(1);
    expect(days.daysBetween(next, day)).toBe(-1);
  });

  test('the first of a month', () => {
    expect(days.firstOfMonth('2024-02-29')).toBe('2024-02-01');
    expect(days.isFirstOfMonth('2024-03-01')).toBe(true);
    expect(days.isFirstOfMonth('2024-03-11')).toBe(false);
  });

  test.each([
    ['2024-02-29', true],
    ['2026-02-29', false],
    ['2100-02-29', false],
    ['2026-13-01', false],
    ['2026-00-10', false],
    ['2026-04-31', false],
    ['2026-4-3', false],
    ['', false],
    ['2026-03-12T00:00', false],
  ])('%s is a day: %s', (text, is) => {
    expect(days.isDay(text)).toBe(is);
  });
});

describe('weeks', () => {
  // By ISO 8601; the pairs around the turn of years are those of its usual examples.
  test.each([
    ['2026-11-21', '2026-11-16', '2026-W47'],
    ['2020-12-31', '2020-12-28', '2020-W53'],
    ['2021-01-03', '2020-12-28', '2020-W53'],
    ['2021-01-04', '2021-01-04', '2021-W01'],
    ['2005-01-01', '2004-12-27', '2004-W53'],
    ['2005-01-02', '2004-12-27', '2004-W53'],
    ['2005-12-31', '2005-12-26', '2005-W52'],
    ['2006-01-01', '2005-12-26', '2005-W52'],
    ['2006-01-02', '2006-01-02', '2006-W01'],
    ['2006-12-31', '2006-12-25', '2006-W52'],
    ['2007-01-01', '2007-01-01', '2007-W01'],
    ['2007-12-30', '2007-12-24', '2007-W52'],
    ['2007-12-31', '2007-12-31', '2008-W01'],
    ['2008-12-28', '2008-12-22', '2008-W52'],
    ['2008-12-29', '2008-12-29', '2009-W01'],
    ['2009-12-31', '2009-12-28', '2009-W53'],
    ['2010-01-03', '2009-12-28', '2009-W53'],
    ['2024-12-30', '2024-12-30', '2025-W01'],
    ['2026-12-31', '2026-12-28', '2026-W53'],
  ])('%s lies in the week of Monday %s, %s', (day, monday, name) => {
    expect(mondayOfDay(day)).toBe(monday);
    expect(mondayOf(days.endOfDay(day) - 1)).toBe(monday);
    expect(weekName(monday)).toBe(name);
    expect(mondayOfWeek(name)).toBe(monday);
  });

  test('weeks follow one another without a hole for 60 years, each with the name of its Thursday', () => {
    let monday = '1998-12-28';
    const names = new Set<string>();
    while (monday < '2060-01-01') {
      const name = weekName(monday);
      expect(name.slice(0, 4)).toBe(days.addDays(monday, 3).slice(0, 4));
      expect(names.has(name)).toBe(false);
      expect(mondayOfWeek(name)).toBe(monday);
      names.add(name);
      expect(previousWeek(nextWeek(monday))).toBe(monday);
      expect(mondayOf(endOfWeek(monday) - 1)).toBe(monday);
      expect(mondayOf(endOfWeek(monday))).toBe(nextWeek(monday));
      monday = nextWeek(monday);
    }
    // A year has 53 weeks if it begins on a Thursday, or is a leap year that begins on a Wednesday.
    const long = Array.from({ length: 62 }, (_, index) => 1998 + index).filter((year) => {
      const first = new Date(Date.UTC(year, 0, 1)).getUTCDay();
      return first === 4 || (first === 3 && days.isDay(`${String(year)}-02-29`));
    });
    const found = [...names].filter((name) => name.endsWith('W53'));
    expect(found).toEqual(long.map((year) => `${String(year)}-W53`));
  });

  test.each(['2021-W53', '2021-W00', '2021-W54', '2021-W1', '2021-53', '', '9999-W99', '0000-W00', '9999-W52'])(
    'there is no week %s',
    (name) => {
      expect(mondayOfWeek(name)).toBeUndefined();
    },
  );
});
