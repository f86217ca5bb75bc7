import { describe, expect, test } from 'vitest';
import { addDays } from './days.ts';
import { newPlayer } from './new-player.ts';
import { rebuildState } from './rebuild-state.ts';
import { analysis, grant, judge, play, recheck, referral } from './rules-for-tests.ts';

describe('from the ledger alone', () => {
  test('the state, with days, unlocks and the streak', () => {
    const played = play([
      grant('2026-03-01'),
      analysis('2026-03-12', { lens: 'flow', score: 9.7 }),
      analysis('2026-03-13', { lens: 'pulse', tier: 'jet' }),
      judge('2026-03-14', 'jet'),
      analysis('2026-03-16'),
      judge('2026-03-15', 'jet'),
      judge('2026-03-17', 'jet'),
      judge('2026-03-18', 'jet'),
      referral('did:plc:new'),
    ]);
    const { state, unlocks, wrongTotals } = rebuildState(played.rows);
    expect(state).toEqual(played.state);
    expect(unlocks).toEqual(played.unlocks);
    expect(wrongTotals).toBe(0);
    // Not empty on both sides.
    expect(state).toMatchObject({ analyses: 3, referrals: 1, streak: { current: 0, longest: 3, freezesLeft: 0 } });
    expect([...state.lenses].toSorted()).toEqual(['clout', 'flow', 'pulse']);
    expect(state.unlocked.has('elite')).toBe(true);
    expect(state.days?.size).toBe(6);
  });

  test('nothing from nothing', () => {
    expect(rebuildState([]).state).toEqual(newPlayer(''));
  });

  test('weeks by when it was earned, ISO weeks over the turn of a year, and no week without XP', () => {
    const deeds = [
      analysis('2020-12-31T23:59:59.999Z'),
      analysis('2021-01-03T23:59:59.999Z'),
      analysis('2021-01-04T00:00:00.000Z'),
      // Told late, earned in the first week.
      analysis('2020-12-30T12:00:00.000Z'),
      judge('2021-03-01'),
    ];
    const { rows } = play(deeds);
    const sum = (from: string, to: string) =>
      rows
        .filter(({ occurredAtMs }) => occurredAtMs >= Date.parse(from) && occurredAtMs < Date.parse(to))
        .reduce((total, { xpDelta }) => total + xpDelta, 0);
    const { weekly } = rebuildState(rows);
    expect([...weekly]).toEqual([
      ['2020-12-28', sum('2020-12-28', '2021-01-04')],
      ['2021-01-04', sum('2021-01-04', '2021-01-11')],
    ]);
    expect(rows.at(-1)).toMatchObject({ xpDelta: 0, eventId: 'missed:2021-01-05' });
  });

  test('a day or a freeze that took two rows is one', () => {
    const days = Array.from({ length: 1000 }, (_, index) => addDays('2024-01-01', index));
    const middle = days[500]!;
    const played = play([...days.filter((day) => day !== middle), middle].map((day) => analysis(day)));
    expect(played.rows.some(({ eventId }) => eventId === `day:${middle}:2`)).toBe(true);
    expect(rebuildState(played.rows).state).toEqual(played.state);

    const gap = days.filter((day) => day !== middle).map((day) => analysis(day));
    const frozen = play([grant('2024-01-01'), ...gap, judge(middle, 'jet')]);
    expect(frozen.rows.some(({ eventId }) => eventId === `freeze:${middle}:2`)).toBe(true);
    expect(frozen.state.streak).toMatchObject({ current: 999, freezesLeft: 2 });
    expect(rebuildState(frozen.rows).state).toEqual(frozen.state);
  });

  test('figures of the index and the tier are not in it', () => {
    const played = play([recheck({ networkSize: 300, trackedUsers: 10 }), analysis('2026-03-12')]);
    expect(rebuildState(played.rows).state).toEqual({ ...played.state, networkSize: null, trackedUsers: null });
  });

  test('rows that were changed behind its back are counted', () => {
    const { rows } = play([analysis('2026-03-12'), analysis('2026-03-13')]);
    const forged = rows.map((row, index) => (index === 1 ? { ...row, xpDelta: row.xpDelta + 1 } : row));
    expect(rebuildState(forged).wrongTotals).toBe(rows.length - 1);
  });
});
