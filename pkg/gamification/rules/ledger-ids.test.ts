import { describe, expect, test } from 'vitest';
import { derivedEventId } from '#pkg/bus/events.ts';
import type { Deed } from '../model.ts';
import { keyText, ledgerKeysOf, readStreakKey, STREAK_FACTS, streakKey } from './ledger-ids.ts';
import { analysis, grant, judge, play, recheck, referral } from './rules-for-tests.ts';

const keys = (deed: Deed) => ledgerKeysOf(deed).map(keyText);

describe('names of rows', () => {
  test('an analysis: its id, the first analysis, its day', () => {
    expect(keys(analysis('2026-03-12T23:59:59.999Z', { id: 'a' }))).toEqual([
      'timeline_analyzed/a',
      'timeline_analyzed/first_analysis',
      'daily_streak/day:2026-03-12',
    ]);
  });

  test('a judgement, freezes given, a referral, a recheck', () => {
    expect(keys(judge('2026-03-12'))).toEqual(['daily_streak/freeze:2026-03-12', 'daily_streak/missed:2026-03-12']);
    expect(keys(grant('2026-04-01'))).toEqual(['daily_streak/freezes:2026-04-01']);
    expect(keys(referral('did:plc:new'))).toEqual([`referral_signup/${derivedEventId('referral', 'did:plc:new')}`]);
    expect(keys(recheck())).toEqual([]);
  });

  test('every row that a deed writes is among those to be looked up, or an achievement', () => {
    const deeds = [
      grant('2026-03-01'),
      analysis('2026-03-12', { lens: 'flow' }),
      judge('2026-03-13', 'jet'),
      judge('2026-03-14'),
      referral('did:plc:new'),
      recheck({ networkSize: 5000, trackedUsers: 100 }),
    ];
    const looked = new Set(deeds.flatMap(keys));
    const { rows } = play(deeds);
    const others = rows.filter((row) => !looked.has(keyText(row)));
    expect(others.map(({ type }) => type)).toEqual(others.map(() => 'achievement_unlocked'));
    expect(rows.length - others.length).toBe(7);
    expect(new Set(rows.map(keyText)).size).toBe(rows.length);
  });

  test('what a row of the streak is about can be read from its name', () => {
    for (const fact of STREAK_FACTS) {
      expect(readStreakKey(streakKey(fact, '2024-02-29').eventId)).toEqual({ fact, day: '2024-02-29', part: 1 });
      expect(readStreakKey(streakKey(fact, '2024-02-29', 2).eventId)).toEqual({ fact, day: '2024-02-29', part: 2 });
    }
    for (const other of ['', 'day:', 'day:2024-02', 'night:2024-02-29', 'day:2024-02-29:x', 'first_analysis']) {
      expect(readStreakKey(other)).toBeUndefined();
    }
  });
});
