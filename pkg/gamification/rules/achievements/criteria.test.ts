import { describe, expect, test } from 'vitest';
import { TIERS } from '#pkg/contracts/tiers.ts';
import type { PlayerState } from '../../model.ts';
import { newPlayer } from '../new-player.ts';
import { analysis, judge, play, recheck, referral, userId } from '../rules-for-tests.ts';
import { ACHIEVEMENTS } from './catalogue.ts';
import { type Achievement, COUNTED, type Criterion, progressOf } from './criteria.ts';

const achievement = (criterion: Criterion, more: Partial<Achievement> = {}): Achievement => ({
  slug: 'of_a_test',
  name: '',
  description: '',
  icon: '',
  rarity: 'common',
  xpReward: 1,
  tierRequired: null,
  criterion,
  ...more,
});
const player = (more: Partial<PlayerState>): PlayerState => ({ ...newPlayer(userId), ...more });
const streakOf = (longest: number) => ({ ...newPlayer(userId).streak, longest });

describe('a criterion that counts', () => {
  const states = {
    timeline_count: (value: number) => player({ analyses: value }),
    xp_total: (value: number) => player({ xpTotal: value }),
    streak_days: (value: number) => player({ streak: streakOf(value) }),
    unique_users_tracked: (value: number) => player({ trackedUsers: value }),
    network_size: (value: number) => player({ networkSize: value }),
    referrals: (value: number) => player({ referrals: value }),
  };

  test.each(COUNTED)('%s is met from its threshold on, and shows how far one is before', (type) => {
    const wanted = achievement({ type, threshold: 10, config: {} });
    expect(progressOf(wanted, newPlayer(userId))).toEqual({ value: 0, threshold: 10, met: false });
    expect(progressOf(wanted, states[type](9))).toEqual({ value: 9, threshold: 10, met: false });
    expect(progressOf(wanted, states[type](10))).toEqual({ value: 10, threshold: 10, met: true });
    expect(progressOf(wanted, states[type](11))).toEqual({ value: 11, threshold: 10, met: true });
    for (const other of COUNTED.filter((other) => other !== type)) {
      expect(progressOf(wanted, states[other](99)).value).toBe(0);
    }
  });

  test('streak_days goes by the longest streak, not by the one that is going on', () => {
    const wanted = achievement({ type: 'streak_days', threshold: 7, config: {} });
    expect(progressOf(wanted, player({ streak: { ...streakOf(7), current: 1 } })).met).toBe(true);
  });

  test('what is unlocked stays met, though the figure went down', () => {
    const wanted = achievement({ type: 'network_size', threshold: 100, config: {} });
    const state = player({ networkSize: 80, unlocked: new Set([wanted.slug]) });
    expect(progressOf(wanted, state)).toEqual({ value: 100, threshold: 100, met: true });
  });
});

describe('a tier that is required', () => {
  test.each(TIERS)('on %s', (tier) => {
    const wanted = achievement({ type: 'referrals', threshold: 1, config: {} }, { tierRequired: 'jet' });
    const progress = progressOf(wanted, player({ referrals: 3, tier }));
    expect(progress).toEqual({ value: 3, threshold: 1, met: tier === 'jet' || tier === 'orbit' });
  });

  test('an upgrade unlocks with the next look what was earned before', () => {
    const state = player({ analyses: 600 });
    expect(play([recheck()], state).unlocks.map(({ slug }) => slug)).not.toContain('jet_setter');
    const after = play([recheck()], { ...state, tier: 'jet' });
    expect(after.unlocks.map(({ slug }) => slug)).toContain('jet_setter');
  });
});

describe('special', () => {
  const moment = (at: string, more: Parameters<typeof analysis>[1] = {}) => ({
    analysis: analysis(at, more),
    backAfter: 0,
  });
  const special = (threshold: number, config: Extract<Criterion, { type: 'special' }>['config']) =>
    achievement({ type: 'special', threshold, config });

  test('a lens, and all of them', () => {
    const flow = special(1, { special: 'lens', lens: 'flow' });
    const all = special(4, { special: 'lenses' });
    expect(progressOf(flow, player({ lenses: new Set(['clout']) })).met).toBe(false);
    expect(progressOf(flow, player({ lenses: new Set(['clout', 'flow']) })).met).toBe(true);
    expect(progressOf(all, player({ lenses: new Set(['clout', 'flow', 'kudos']) }))).toMatchObject({
      value: 3,
      met: false,
    });
    expect(progressOf(all, player({ lenses: new Set(['clout', 'flow', 'kudos', 'pulse']) })).met).toBe(true);
  });

  test.each([
    ['2026-03-12T04:59:59.999Z', false],
    ['2026-03-12T05:00:00.000Z', true],
    ['2026-03-12T06:59:59.999Z', true],
    ['2026-03-12T07:00:00.000Z', false],
  ])('an analysis at %s lies between 5 and 7 UTC: %s', (at, met) => {
    const early = special(1, { special: 'hours', fromHour: 5, toHour: 7 });
    expect(progressOf(early, newPlayer(userId), moment(at)).met).toBe(met);
    expect(progressOf(early, newPlayer(userId)).met).toBe(false);
  });

  test('a score of a lens, or of any', () => {
    const kudos = special(8.5, { special: 'score', lens: 'kudos' });
    const any = special(8.5, { special: 'score', lens: null });
    const at = '2026-03-12';
    const met = (wanted: Achievement, more: Parameters<typeof analysis>[1]) =>
      progressOf(wanted, newPlayer(userId), moment(at, more)).met;
    expect(met(kudos, { lens: 'kudos', score: 8.4 })).toBe(false);
    expect(met(kudos, { lens: 'kudos', score: 8.5 })).toBe(true);
    expect(met(kudos, { lens: 'flow', score: 9 })).toBe(false);
    expect(met(any, { lens: 'flow', score: 9 })).toBe(true);
    expect(met(any, { lens: 'flow', score: null })).toBe(false);
  });

  test('back after a streak of 7 days: not while it goes on, not after a shorter one, not by the judgement alone', () => {
    const days = ['01', '02', '03', '04', '05', '06', '07'].map((day) => analysis(`2026-03-${day}`));
    const has = (deeds: Parameters<typeof play>[0]) => play(deeds).state.unlocked.has('second_wind');
    expect(has([...days, judge('2026-03-08')])).toBe(false);
    expect(has([...days, judge('2026-03-08'), analysis('2026-03-09')])).toBe(true);
    expect(has([...days, judge('2026-03-08'), analysis('2026-03-08')]), 'it was active after all').toBe(false);
    expect(has([...days.slice(1), judge('2026-03-08'), analysis('2026-03-09')])).toBe(false);
    expect(has([...days, analysis('2026-03-09'), judge('2026-03-08')]), 'judged late').toBe(true);
    expect(has([...days.slice(1), analysis('2026-03-09'), judge('2026-03-08')])).toBe(false);
  });
});

describe('unlocking', () => {
  test('goes on as long as the XP of one meets another, in the order of the catalogue within a round', () => {
    const state = player({ xpTotal: 880 });
    const played = play([referral('did:plc:new')], state);
    // 980, and 25 for the referral's achievement: 1,005, which is a level.
    expect(played.unlocks.map(({ slug }) => slug)).toEqual(['good_word', 'taking_off']);
    expect(played.levels).toEqual([1]);
    expect(played.rows.at(-1)).toMatchObject({ eventId: 'taking_off', xpTotal: 1030 });
  });

  test('everything at once: each once, and the state as the rows say', () => {
    const deeds = [
      analysis('2026-03-12T01:00:00Z', { lens: 'flow', score: 10 }),
      analysis('2026-03-12T06:00:00Z', { lens: 'kudos', score: 10 }),
      recheck({ networkSize: 1_000_000, trackedUsers: 1_000_000 }),
    ];
    const state = player({
      tier: 'orbit',
      analyses: 10_000,
      referrals: 100,
      xpTotal: 10_000_000,
      lenses: new Set(['clout', 'pulse']),
      streak: { ...streakOf(400), lastDay: '2025-01-01' },
    });
    const played = play(deeds, state);
    expect([...played.state.unlocked].toSorted()).toEqual(ACHIEVEMENTS.map(({ slug }) => slug).toSorted());
    expect(played.unlocks).toHaveLength(ACHIEVEMENTS.length);
    expect(play(deeds, played.state).rows).toEqual([]);
  });

  test('figures that cannot be are not believed', () => {
    const known = player({ networkSize: 5, trackedUsers: 6 });
    for (const nonsense of [-1, 1.5, Number.NaN, Infinity]) {
      const { state } = play([recheck({ networkSize: nonsense, trackedUsers: nonsense })], known);
      expect(state).toMatchObject({ networkSize: 5, trackedUsers: 6 });
    }
    expect(play([recheck({ networkSize: 0 })], known).state).toMatchObject({ networkSize: 0, trackedUsers: 6 });
  });
});
