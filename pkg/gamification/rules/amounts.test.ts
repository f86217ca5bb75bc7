import { describe, expect, test } from 'vitest';
import { TIERS } from '#pkg/contracts/tiers.ts';
import { ACHIEVEMENTS } from './achievements/catalogue.ts';
import * as amounts from './amounts.ts';
import { FIRST_ANALYSIS } from './ledger-ids.ts';
import { levelOf, xpAtLevel } from './levels.ts';
import { newPlayer } from './new-player.ts';
import { analysis, grant, judge, play, recheck, referral, userId, xpOf } from './rules-for-tests.ts';

// Every figure of the specification's section on gamification, by what a user sees of it.

const row = (played: ReturnType<typeof play>, eventId: string) =>
  played.rows.find((candidate) => candidate.eventId === eventId);

describe('XP', () => {
  test.each([
    ['drift', 10, 100],
    ['lift', 15, 150],
    ['jet', 20, 200],
    ['orbit', 30, 300],
  ] as const)('an analysis on %s earns %i, which is 10 times %i hundredths', (tier, xp, hundredths) => {
    const played = play([analysis('2026-03-12', { id: 'a', tier })]);
    expect(row(played, 'a')).toMatchObject({
      type: 'timeline_analyzed',
      xpDelta: xp,
      xpMultiplier: hundredths,
      isBonus: false,
      bonusReason: '',
      reason: 'Analysis (clout)',
      metadata: { lens: 'clout', score: null, tier },
    });
  });

  test('the multiplier is that of the tier when the analysis was asked for, whatever the tier is now', () => {
    const state = { ...newPlayer(userId), tier: 'orbit' as const };
    expect(row(play([analysis('2026-03-12', { id: 'a', tier: 'lift' })], state), 'a')?.xpDelta).toBe(15);
  });

  test('an active day brings 5 times the streak, once a day, not multiplied', () => {
    const deeds = ['2026-03-12', '2026-03-13', '2026-03-14', '2026-03-15'].flatMap((day) => [
      analysis(day, { tier: 'orbit' }),
      analysis(day, { id: `again-${day}`, tier: 'orbit' }),
    ]);
    const played = play(deeds);
    const bonuses = played.rows.filter(({ type }) => type === 'daily_streak');
    expect(bonuses.map(({ eventId, xpDelta, metadata }) => [eventId, xpDelta, metadata])).toEqual([
      ['day:2026-03-12', 5, { day: '2026-03-12', streak: 1 }],
      ['day:2026-03-13', 10, { day: '2026-03-13', streak: 2 }],
      ['day:2026-03-14', 15, { day: '2026-03-14', streak: 3 }],
      ['day:2026-03-15', 20, { day: '2026-03-15', streak: 4 }],
    ]);
    expect(bonuses.every((bonus) => bonus.xpMultiplier === 100 && bonus.isBonus)).toBe(true);
    expect(bonuses.every((bonus) => bonus.bonusReason === 'daily_streak')).toBe(true);
  });

  test('the first analysis ever brings 50 more, in a row of its own, once, not multiplied', () => {
    const played = play([
      analysis('2026-03-13', { tier: 'orbit' }),
      analysis('2026-03-14', { tier: 'orbit' }),
      analysis('2026-03-12'),
    ]);
    const firsts = played.rows.filter(({ eventId }) => eventId === FIRST_ANALYSIS);
    expect(firsts).toMatchObject([
      { type: 'timeline_analyzed', xpDelta: 50, xpMultiplier: 100, isBonus: true, bonusReason: 'first_analysis' },
    ]);
    expect(played.state.analyses).toBe(3);
  });

  test('a referral brings 100, once for each who came, not multiplied, and never for oneself', () => {
    const state = { ...newPlayer(userId), tier: 'orbit' as const };
    const played = play([referral('did:plc:new'), referral('did:plc:new'), referral(userId)], state);
    const referrals = played.rows.filter(({ type }) => type === 'referral_signup');
    expect(referrals).toMatchObject([{ xpDelta: 100, xpMultiplier: 100, isBonus: false }]);
    expect(played.state.referrals).toBe(1);
    expect(JSON.stringify(referrals), 'who came may leave again').not.toContain('did:plc:new');
  });

  test('an achievement brings its reward, once, not multiplied', () => {
    const { slug, xpReward, rarity } = ACHIEVEMENTS.find((one) => one.slug === 'first_flow')!;
    const played = play([
      analysis('2026-03-12', { lens: 'flow', tier: 'orbit' }),
      analysis('2026-03-13', { lens: 'flow', tier: 'orbit' }),
    ]);
    expect(played.unlocks).toContainEqual({ slug, atMs: Date.parse('2026-03-12T12:00:00Z') });
    expect(played.rows.filter(({ eventId }) => eventId === slug)).toMatchObject([
      {
        type: 'achievement_unlocked',
        xpDelta: xpReward,
        xpMultiplier: 100,
        isBonus: false,
        metadata: { slug, rarity },
      },
    ]);
  });

  test('the running total of each row is that of the one before it and its own', () => {
    const played = play([analysis('2026-03-12', { lens: 'flow' }), analysis('2026-03-13'), referral('did:plc:new')]);
    let total = 0;
    for (const { xpDelta, xpTotal } of played.rows) {
      total += xpDelta;
      expect(xpTotal).toBe(total);
    }
    expect(played.state.xpTotal).toBe(total);
    expect(total).toBeGreaterThan(0);
  });

  test('a freeze, its being given, and a missed day stand in the ledger with 0', () => {
    const played = play([
      grant('2026-03-01'),
      analysis('2026-03-10'),
      judge('2026-03-11', 'jet'),
      judge('2026-03-12', 'drift'),
    ]);
    expect(row(played, 'freezes:2026-03-01')).toMatchObject({
      xpDelta: 0,
      metadata: { month: '2026-03-01', freezes: 3 },
    });
    expect(row(played, 'freeze:2026-03-11')).toMatchObject({
      xpDelta: 0,
      isBonus: false,
      metadata: { day: '2026-03-11', freezes_left: 2 },
    });
    expect(row(played, 'missed:2026-03-12')).toMatchObject({
      xpDelta: 0,
      metadata: { day: '2026-03-12', previous: 1 },
    });
    for (const id of ['freezes:2026-03-01', 'freeze:2026-03-11', 'missed:2026-03-12']) {
      expect(row(played, id)?.type).toBe('daily_streak');
    }
    expect(xpOf(played, 'day:')).toBe(5);
  });
});

describe('levels', () => {
  test.each([
    [0, 0],
    [999, 0],
    [1000, 1],
    [1999, 1],
    [2000, 2],
    [123_456, 123],
    [-1, 0],
  ])('a total of %i is level %i: floor(total / 1000)', (total, level) => {
    expect(levelOf(total)).toBe(level);
  });

  test('a level begins at its own thousand', () => {
    for (const level of [0, 1, 7]) expect(levelOf(xpAtLevel(level))).toBe(level);
    expect(levelOf(xpAtLevel(7) - 1)).toBe(6);
  });

  test('a deed tells the level that it reached, over all its rows, and nothing while it stays', () => {
    const state = { ...newPlayer(userId), xpTotal: 890, analyses: 5, unlocked: new Set(['good_word']) };
    expect(play([referral('did:plc:a')], state).levels).toEqual([]);
    // 990 + 100, and the achievement for 1,000 XP.
    const played = play([referral('did:plc:a'), referral('did:plc:b')], state);
    expect(played.levels).toEqual([1]);
    expect(played.unlocks.map(({ slug }) => slug)).toEqual(['taking_off']);
    expect(play([recheck()], played.state).levels).toEqual([]);
  });
});

describe('other figures', () => {
  test('3 freezes a month for jet and orbit, none for the others', () => {
    expect(TIERS.map(amounts.freezesOf)).toEqual([0, 0, 3, 3]);
  });

  test('the tables of multipliers and of XP', () => {
    expect(TIERS.map(amounts.multiplierOf)).toEqual([100, 150, 200, 300]);
    expect(TIERS.map(amounts.analysisXp)).toEqual([10, 15, 20, 30]);
  });

  test('a week on a board 8 days, 1,000 places archived, stats 5 minutes, the sweep each 5 minutes', () => {
    expect(amounts.WEEKLY_BOARD_TTL_S).toBe(8 * 24 * 60 * 60);
    expect(amounts.ARCHIVED_PLACES).toBe(1000);
    expect(amounts.STATS_TTL_S).toBe(5 * 60);
    expect(amounts.SWEEP_EVERY_MS).toBe(5 * 60 * 1000);
  });
});
