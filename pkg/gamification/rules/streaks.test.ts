import { describe, expect, test } from 'vitest';
import type { Day, Deed } from '../model.ts';
import { addDays } from './days.ts';
import { analysis, grant, judge, play, type Played, xpOf } from './rules-for-tests.ts';

const streak = (deeds: Iterable<Deed>) => play(deeds).state.streak;
const active = (...days: Day[]) => days.map((day) => analysis(day));
const from = (start: Day, length: number): Day[] => Array.from({ length }, (_, index) => addDays(start, index));
const eventIds = (played: Played) =>
  played.rows.filter(({ type }) => type === 'daily_streak').map(({ eventId }) => eventId);

describe('a streak', () => {
  test.each([
    ['over the end of a month', ['2026-01-30', '2026-01-31', '2026-02-01'], 3],
    ['over the end of February', ['2026-02-28', '2026-03-01'], 2],
    ['over a leap day', ['2024-02-28', '2024-02-29', '2024-03-01'], 3],
    ['that skips a leap day', ['2024-02-28', '2024-03-01'], 1],
    ['over February of 2100, which has no leap day', ['2100-02-28', '2100-03-01'], 2],
    ['over the end of a year', ['2026-12-31', '2027-01-01'], 2],
    ['with several analyses on a day', ['2026-03-12', '2026-03-12T18:00:00Z', '2026-03-13'], 2],
    ['that begins anew', ['2026-03-10', '2026-03-11', '2026-03-13', '2026-03-14'], 2],
  ])('%s', (_, times, current) => {
    const after = streak(active(...times));
    expect(after.current).toBe(current);
    expect(after.startDay).toBe(addDays(after.lastDay!, 1 - current));
  });

  test('remembers the longest one', () => {
    const after = streak(active('2026-03-01', '2026-03-02', '2026-03-03', '2026-03-10'));
    expect(after).toMatchObject({ current: 1, longest: 3, startDay: '2026-03-10', lastDay: '2026-03-10' });
  });

  test('takes 23:59:59.999 for the day that ends then, and the next millisecond for the next', () => {
    const late = [analysis('2026-03-12'), analysis('2026-03-13T23:59:59.999Z'), analysis('2026-03-14T00:00:00.000Z')];
    const played = play(late);
    expect(played.state.streak).toMatchObject({ current: 3, lastDay: '2026-03-14' });
    expect(eventIds(played)).toEqual(['day:2026-03-12', 'day:2026-03-13', 'day:2026-03-14']);
  });

  test('takes 23:59:59.999 for its day also where it is counted after the first of the next', () => {
    const played = play([
      analysis('2026-03-12'),
      analysis('2026-03-14T00:00:00.000Z'),
      analysis('2026-03-13T23:59:59.999Z'),
      judge('2026-03-13'),
    ]);
    expect(played.state.streak).toMatchObject({ current: 3, startDay: '2026-03-12' });
    expect(xpOf(played, 'day:')).toBe(5 + 10 + 15);
    expect(played.broken).toEqual([]);
  });

  test('counts a day that turns up late, and makes up for the days after it in one row', () => {
    const days = from('2026-03-10', 9);
    const missing = '2026-03-14';
    const late = play(active(...days.filter((day) => day !== missing), missing));
    expect(late.state.streak).toEqual(play(active(...days)).state.streak);
    // 5 of its own, and the four after it were 1 to 4 instead of 6 to 9.
    expect(late.rows.find(({ eventId }) => eventId === `day:${missing}`)).toMatchObject({
      xpDelta: 5 * 5 + 4 * 5 * 5,
      metadata: { day: missing, streak: 5 },
    });
    expect(late.lookups).toBe(1);
    expect(play([analysis(missing, { id: 'another' })], late.state).lookups, 'of a day that is known').toBe(0);
  });

  test('in its order needs no look at all days', () => {
    const days = from('2024-01-20', 80);
    const deeds = days.flatMap((day, index) => (index % 9 === 4 ? [judge(day)] : [analysis(day), judge(day)]));
    expect(play(deeds).lookups).toBe(0);
  });

  test('joins two runs of a year and more in rows that the ledger takes', () => {
    const days = from('2024-01-01', 1000);
    const middle = days[500]!;
    const late = play(active(...days.filter((day) => day !== middle), middle));
    const sum = (1000 * 1001 * 5) / 2;
    expect(xpOf(late, 'day:')).toBe(sum);
    const parts = late.rows.filter(({ eventId }) => eventId.startsWith(`day:${middle}`));
    expect(parts.map(({ eventId }) => eventId)).toEqual([`day:${middle}`, `day:${middle}:2`]);
    for (const { xpDelta } of late.rows) expect(xpDelta).toBeLessThanOrEqual(1_000_000);
  });
});

describe('the judgement of a day', () => {
  test('breaks the streak of who was not active, once, and tells what it was', () => {
    const played = play([
      ...active(...from('2026-03-01', 4)),
      judge('2026-03-04'),
      judge('2026-03-05'),
      judge('2026-03-06'),
    ]);
    expect(played.broken).toEqual([{ previous: 4, longest: 4, missedDay: '2026-03-05' }]);
    expect(played.state.streak).toMatchObject({ current: 0, startDay: null, lastDay: '2026-03-04', longest: 4 });
    expect(play([analysis('2026-03-07')], played.state).state.streak).toMatchObject({ current: 1, longest: 4 });
  });

  test('is nothing to who was never active, was active, or lost it before', () => {
    expect(play([judge('2026-03-05')]).rows).toEqual([]);
    const deeds = [analysis('2026-03-04'), judge('2026-03-04'), judge('2026-03-03')];
    expect(eventIds(play(deeds))).toEqual(['day:2026-03-04']);
  });

  test('spends a freeze on jet and orbit: the run goes on, without the day in it', () => {
    for (const tier of ['jet', 'orbit'] as const) {
      const played = play([
        grant('2026-03-01', tier),
        ...active('2026-03-09', '2026-03-10'),
        judge('2026-03-11', tier),
        analysis('2026-03-12'),
      ]);
      expect(played.state.streak).toMatchObject({ current: 3, startDay: '2026-03-09', freezesLeft: 2 });
      expect(played.days).toContainEqual({ day: '2026-03-11', kind: 'frozen' });
      expect(played.broken).toEqual([]);
      expect(xpOf(played, 'day:')).toBe(5 + 10 + 15);
    }
  });

  test('3 freezes bridge 3 days, in a row too; the fourth breaks the streak', () => {
    const played = play([
      grant('2026-03-01'),
      ...active('2026-03-09', '2026-03-10'),
      ...from('2026-03-11', 4).map((day) => judge(day, 'jet')),
    ]);
    expect(played.state.streak).toMatchObject({ current: 0, lastDay: '2026-03-13', freezesLeft: 0 });
    expect(played.broken).toEqual([{ previous: 2, longest: 2, missedDay: '2026-03-14' }]);
  });

  test('spends none on drift and lift, whatever is left', () => {
    for (const tier of ['drift', 'lift'] as const) {
      const played = play([grant('2026-03-01'), analysis('2026-03-10'), judge('2026-03-11', tier)]);
      expect(played.state.streak).toMatchObject({ current: 0, freezesLeft: 3 });
    }
  });

  test('several days of downtime caught up in order end as if each had been judged in time', () => {
    const active1 = active('2026-02-24', '2026-02-25');
    const active2 = active('2026-02-28', '2026-03-01');
    const active3 = active('2026-03-07');
    const judged = (first: Day, count: number) => from(first, count).map((day) => judge(day, 'jet'));
    const march = grant('2026-03-01');
    const start = play([grant('2026-02-01')]).state;
    const inTime = play(
      [
        ...active1,
        ...judged('2026-02-24', 4),
        ...active2.slice(0, 1),
        ...judged('2026-02-28', 1),
        march,
        ...active2.slice(1),
        ...judged('2026-03-01', 6),
        ...active3,
        ...judged('2026-03-07', 1),
      ],
      start,
    );
    const late = play(
      [...active1, ...active2, ...active3, ...judged('2026-02-24', 5), march, ...judged('2026-03-01', 7)],
      start,
    );
    expect(late.state.streak).toEqual(inTime.state.streak);
    expect(late.state.xpTotal).toBe(inTime.state.xpTotal);
    expect(late.state.days).toEqual(inTime.state.days);
    expect(late.broken).toEqual(inTime.broken);
    // Two frozen in February, three in March, then the 5th was missed; the 7th begins anew.
    expect([...inTime.state.days!.values()].filter((kind) => kind === 'frozen')).toHaveLength(5);
    expect(inTime.broken).toEqual([{ previous: 4, longest: 4, missedDay: '2026-03-05' }]);
    expect(inTime.state.streak).toMatchObject({ current: 1, longest: 4, freezesLeft: 0 });
  });

  test('given late, a freeze makes up for the days after it, and a broken streak leaves the new run alone', () => {
    const deeds = [grant('2026-03-01'), ...active('2026-03-08', '2026-03-09', '2026-03-11', '2026-03-12')];
    const frozen = play([...deeds, judge('2026-03-10', 'jet')]);
    expect(frozen.state.streak).toMatchObject({ current: 4, longest: 4, startDay: '2026-03-08' });
    expect(frozen.rows.find(({ eventId }) => eventId === 'freeze:2026-03-10')).toMatchObject({
      xpDelta: 2 * 2 * 5,
      isBonus: true,
    });
    const broken = play([...deeds, judge('2026-03-10', 'lift')]);
    expect(broken.state.streak).toMatchObject({ current: 2, longest: 2, startDay: '2026-03-11' });
    expect(broken.broken).toEqual([{ previous: 2, longest: 2, missedDay: '2026-03-10' }]);
  });

  test('a day that turns up after it was judged counts all the same: a streak lives again, a freeze stays spent', () => {
    const mended = play([
      ...active('2026-03-09', '2026-03-10'),
      judge('2026-03-11'),
      ...active('2026-03-11', '2026-03-12'),
    ]);
    expect(mended.state.streak).toMatchObject({ current: 4, startDay: '2026-03-09' });
    const frozen = play([
      grant('2026-03-01'),
      ...active('2026-03-09', '2026-03-10'),
      judge('2026-03-11', 'jet'),
      ...active('2026-03-11', '2026-03-12'),
    ]);
    expect(frozen.state.streak).toMatchObject({ current: 4, startDay: '2026-03-09', freezesLeft: 2 });
    expect(xpOf(frozen, 'day:')).toBe(5 + 10 + 15 + 20);
    expect(frozen.lookups, 'it was the last day').toBe(0);
    const again = play([judge('2026-03-11', 'jet')], frozen.state);
    expect([again.rows, again.lookups], 'judged once more').toEqual([[], 0]);
  });

  test('a frozen day that turns out active long after makes each later day longer by one', () => {
    const played = play([
      grant('2026-03-01'),
      ...active('2026-03-09', '2026-03-10'),
      judge('2026-03-11', 'jet'),
      ...active('2026-03-12', '2026-03-13', '2026-03-11'),
    ]);
    expect(played.state.streak).toMatchObject({ current: 5, longest: 5, startDay: '2026-03-09', freezesLeft: 2 });
    expect(played.rows.find(({ eventId }) => eventId === 'day:2026-03-11')?.xpDelta).toBe(5 * 3 + 2 * 5);
    expect(xpOf(played, 'day:')).toBe(5 + 10 + 15 + 20 + 25);
  });

  test('ends a run that a late day left behind, though its own day was judged long ago', () => {
    const played = play([analysis('2026-03-09'), judge('2026-03-10'), analysis('2026-03-10'), judge('2026-03-20')]);
    expect(played.broken.map(({ missedDay, previous }) => [missedDay, previous])).toEqual([
      ['2026-03-10', 1],
      ['2026-03-11', 2],
    ]);
    expect(played.state.streak.current).toBe(0);
  });

  test('a late day in a run that is over leaves it over', () => {
    const played = play([...active('2026-03-08', '2026-03-10'), judge('2026-03-11'), analysis('2026-03-09')]);
    expect(played.state.streak).toMatchObject({ current: 0, startDay: null, longest: 3, lastDay: '2026-03-10' });
    expect(xpOf(played, 'day:')).toBe(5 + 10 + 15);
  });
});
