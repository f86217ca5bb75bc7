import { describe, expect, test } from 'vitest';
import type { Day } from '../model.ts';
import { addDays, nextDay } from './days.ts';
import { analysis, grant, judge, play, type Played } from './rules-for-tests.ts';

const active = (...days: Day[]) => days.map((day) => analysis(day));
const from = (start: Day, length: number): Day[] => Array.from({ length }, (_, index) => addDays(start, index));
const eventIds = (played: Played) =>
  played.rows.filter(({ type }) => type === 'daily_streak').map(({ eventId }) => eventId);

describe('freezes', () => {
  test('are set to 3 on the 1st, not added to', () => {
    const played = play([grant('2026-03-01'), analysis('2026-03-10'), judge('2026-03-11', 'jet'), grant('2026-04-01')]);
    expect(played.state.streak).toMatchObject({ freezesLeft: 3, freezesMonth: '2026-04-01' });
  });

  test('are given once a month', () => {
    const played = play([
      grant('2026-03-01'),
      analysis('2026-03-10'),
      judge('2026-03-11', 'jet'),
      grant('2026-03-01'),
      grant('2026-02-01'),
    ]);
    expect(played.state.streak).toMatchObject({ freezesLeft: 2, freezesMonth: '2026-03-01' });
    expect(eventIds(played).filter((id) => id.startsWith('freezes:'))).toEqual(['freezes:2026-03-01']);
  });

  test('a tier without any is given none', () => {
    expect(play([grant('2026-03-01', 'lift')]).rows).toEqual([]);
  });

  test('the last one is spent on the last day of a month before the 1st gives new ones', () => {
    const spent = play([
      grant('2026-02-01'),
      ...active('2026-02-20', '2026-02-22', '2026-02-24', '2026-02-26', '2026-02-27'),
      ...from('2026-02-20', 9).map((day) => judge(day, 'jet')),
    ]);
    // The 21st, 23rd and 25th took all three: the 28th is missed, and what the 1st gives does not undo that.
    expect(spent.broken).toEqual([{ previous: 5, longest: 5, missedDay: '2026-02-28' }]);
    const one = play([
      grant('2026-02-01'),
      ...active('2026-02-22', '2026-02-24', '2026-02-26', '2026-02-27'),
      ...from('2026-02-22', 7).map((day) => judge(day, 'jet')),
      grant('2026-03-01'),
    ]);
    expect(one.broken).toEqual([]);
    expect(one.state.days!.get('2026-02-28')).toBe('frozen');
    expect(one.state.streak).toMatchObject({ current: 4, freezesLeft: 3, lastDay: '2026-02-28' });
  });

  test('who becomes jet in mid-month has none before the next 1st', () => {
    const upgraded = play([...active('2026-03-14', '2026-03-15'), judge('2026-03-16', 'jet')]);
    expect(upgraded.state.streak.current).toBe(0);
    const next = play([grant('2026-04-01'), ...active('2026-04-02'), judge('2026-04-03', 'jet')], upgraded.state);
    expect(next.state.streak).toMatchObject({ current: 1, freezesLeft: 2 });
  });

  test('who leaves jet in mid-month keeps what is left and cannot spend it; back again, they can', () => {
    const deeds = [grant('2026-03-01'), analysis('2026-03-10')];
    const down = play([...deeds, judge('2026-03-11', 'jet'), analysis('2026-03-12'), judge('2026-03-13', 'lift')]);
    expect(down.state.streak).toMatchObject({ current: 0, freezesLeft: 2 });
    const back = play([analysis('2026-03-14'), judge('2026-03-15', 'orbit')], down.state);
    expect(back.state.streak).toMatchObject({ current: 1, freezesLeft: 1, lastDay: '2026-03-15' });
  });

  test('the tier at the end of the day decides, however late it is judged', () => {
    const deeds = [grant('2026-03-01'), analysis('2026-03-10'), analysis('2026-03-12')];
    expect(play([...deeds, judge('2026-03-11', 'jet'), judge('2026-03-13', 'lift')]).broken).toMatchObject([
      { missedDay: '2026-03-13', previous: 2 },
    ]);
  });

  test('a frozen day over a leap day', () => {
    const played = play([
      grant('2024-02-01'),
      analysis('2024-02-28'),
      judge('2024-02-29', 'jet'),
      analysis(nextDay('2024-02-29')),
    ]);
    expect(played.state.streak).toMatchObject({ current: 2, startDay: '2024-02-28', freezesLeft: 2 });
  });
});
