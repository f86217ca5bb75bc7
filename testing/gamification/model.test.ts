import { expect, test } from 'vitest';
import { TIER_LIMITS, TIERS } from '#pkg/contracts/tiers.ts';
import { dayNumber, dayText, isFirstOfMonth, isoWeek, mondayOf, startMsOf } from './model/calendar.ts';
import type { AnalysisFact, Fact, Person, Phase } from './model/facts.ts';
import { analysisXp, levelOf, multiplierOf, outcomeOf } from './model/model.ts';
import { placesOf } from './verify-boards.ts';

test('days are those of the machine, over leap years and ends of months', () => {
  for (let day = dayNumber('2023-12-25'); day < dayNumber('2029-03-05'); day += 1) {
    const date = new Date(startMsOf(day));
    expect(dayText(day)).toBe(date.toISOString().slice(0, 10));
    expect(isFirstOfMonth(day)).toBe(date.getUTCDate() === 1);
    expect(new Date(startMsOf(mondayOf(day))).getUTCDay()).toBe(1);
  }
});

/** From the standard's own examples and calendars. */
test.each([
  ['2024-12-29', '2024-W52'],
  ['2024-12-30', '2025-W01'],
  ['2025-12-28', '2025-W52'],
  ['2025-12-29', '2026-W01'],
  ['2026-12-31', '2026-W53'],
  ['2027-01-03', '2026-W53'],
  ['2027-01-04', '2027-W01'],
  ['2024-02-29', '2024-W09'],
])('%s is in week %s', (day, week) => {
  expect(isoWeek(dayNumber(day))).toBe(week);
});

test('the figures of the specification are those of the product', () => {
  expect(TIERS.map((tier) => analysisXp(tier))).toEqual([10, 15, 20, 30]);
  for (const tier of TIERS) expect(TIER_LIMITS[tier].xpMultiplier).toBe(multiplierOf(tier));
  expect([-1, 0, 999, 1_000, 1_999].map(levelOf)).toEqual([0, 0, 0, 1, 1]);
});

test('those who share a place have the same rank, and the next ones are left out', () => {
  const sums = new Map(Object.entries({ a: 30, b: 10, c: 30, d: 20 }));
  expect(placesOf(sums).map(({ userId, rank }) => [userId, rank])).toEqual([
    ['a', 1],
    ['b', 4],
    ['c', 1],
    ['d', 3],
  ]);
});

const person: Person = { userId: 'did:a', account: 'here', hidden: false, networkSize: 0, trackedUsers: 0 };
const analysis = (day: string, tier: AnalysisFact['tier'] = 'drift'): Fact => ({
  kind: 'analysis',
  id: `${day}-${tier}`,
  userId: 'did:a',
  // Noon: no achievement goes by it.
  atMs: startMsOf(dayNumber(day)) + 43_200_000,
  lens: 'pulse',
  score: null,
  tier,
});
const tier = (day: string, to: AnalysisFact['tier']): Fact => ({
  kind: 'tier_changed',
  id: `${day}-${to}`,
  userId: 'did:a',
  atMs: startMsOf(dayNumber(day)),
  from: 'drift',
  to,
});
const played = (...phases: [Fact[], string[]][]) => {
  const told: Phase[] = phases.map(([facts, days]) => ({ facts, judged: days.map(dayNumber) }));
  const outcome = outcomeOf({ people: [person], phases: told }).get('did:a');
  if (outcome === undefined) throw new Error('nothing came of it');
  return outcome;
};

test('three days in a row: 3 x 10, 50 for the first, 5 + 10 + 15 for the streak, and the achievement of three days', () => {
  const { xp, total, verdict, current } = played(
    [
      [analysis('2026-03-01'), analysis('2026-03-02')],
      ['2026-03-01', '2026-03-02'],
    ],
    [[analysis('2026-03-03'), analysis('2026-03-03')], ['2026-03-03']],
  );
  expect(xp).toEqual({ analyses: 30, first: 50, referrals: 0, streaks: 30 });
  expect([...verdict(new Set()).must]).toEqual(['warm_up']);
  expect([total(new Set(['warm_up'])), current]).toEqual([135, 3]);
});

test('a freeze of the month bridges a day, the tier of that day decides, and the freezes do not grow', () => {
  const { life, current, xp } = played(
    [[tier('2026-02-20', 'jet'), analysis('2026-02-28', 'jet')], ['2026-02-28']],
    [[], ['2026-03-01']],
    [
      [analysis('2026-03-02', 'jet'), tier('2026-03-03', 'drift')],
      ['2026-03-02', '2026-03-03'],
    ],
  );
  expect(life.granted.map(dayText)).toEqual(['2026-03-01']);
  expect(life.frozen.map(dayText)).toEqual(['2026-03-01']);
  expect(life.missed.map(({ day, previous }) => [dayText(day), previous])).toEqual([['2026-03-03', 2]]);
  expect([life.freezesLeft, current, xp.streaks]).toEqual([2, 0, 15]);
});

test('a day that is told late joins what it parted', () => {
  const { life, current, xp } = played(
    [[analysis('2026-03-09')], ['2026-03-09']],
    [[], ['2026-03-10']],
    [[analysis('2026-03-11'), analysis('2026-03-10')], ['2026-03-11']],
  );
  expect(life.missed.map(({ day }) => dayText(day))).toEqual(['2026-03-10']);
  expect([current, xp.streaks]).toEqual([3, 30]);
});
