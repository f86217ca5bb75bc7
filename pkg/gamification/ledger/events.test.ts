import { describe, expect, test } from 'vitest';
import { derivedEventId } from '#pkg/bus/events.ts';
import type { Effect, JudgeDeed, LedgerRow } from '../model.ts';
import { newPlayer } from '../rules/new-player.ts';
import { eventsOf } from './events.ts';
import { analysis, NOON, read } from './ledger-for-tests.ts';

const USER = 'did:plc:abcdefghijklmnopqrstuvwx';
const deed = analysis(USER);
const row = (changes: Partial<LedgerRow> = {}): LedgerRow => ({
  userId: USER,
  type: 'timeline_analyzed',
  eventId: 'the-id',
  xpDelta: 15,
  xpTotal: 1005,
  xpMultiplier: 150,
  reason: 'Analysis (flow)',
  metadata: { lens: 'flow', score: null },
  isBonus: false,
  bonusReason: '',
  occurredAtMs: NOON,
  ...changes,
});
const effect = (changes: Partial<Effect>): Effect => ({
  state: newPlayer(USER),
  rows: [],
  days: [],
  unlocks: [],
  broken: undefined,
  levelUp: undefined,
  ...changes,
});
const told = (changes: Partial<Effect>, by: Parameters<typeof eventsOf>[0] = deed) =>
  eventsOf(by, effect(changes)).map(read);
const xpId = (type: string, eventId: string) => derivedEventId('xp', USER, type, eventId);

describe('XP', () => {
  test('is an event and a frame, whose ids follow from the row', () => {
    const [event, frame, ...rest] = told({ rows: [row()] });
    expect(rest).toEqual([]);
    expect(event).toMatchObject({
      name: 'xpEarned',
      eventId: xpId('timeline_analyzed', 'the-id'),
      aggregateId: USER,
      correlationId: 'the-request',
      causationId: 'the-analysis',
      timestampMs: NOON,
      message: {
        userId: USER,
        xpDelta: 15,
        xpTotal: 1005n,
        xpMultiplier: 150,
        reason: 'Analysis (flow)',
        context: { lens: 'flow', score: null, event_type: 'timeline_analyzed', event_id: 'the-id' },
        bonus: false,
        bonusReason: '',
      },
    });
    expect(frame).toMatchObject({
      name: 'realtimeXpEarned',
      eventId: derivedEventId(event?.eventId ?? '', 'events.realtime.xp_earned'),
      correlationId: 'the-request',
      causationId: event?.eventId,
      timestampMs: NOON,
    });
    expect(frame?.message).toMatchObject({ userId: USER, name: 'xp_earned' });
    expect(frame?.message['data']).toEqual({
      xp_delta: 15,
      xp_total: 1005,
      level: 1,
      xp_multiplier: 150,
      event_type: 'timeline_analyzed',
      reason: 'Analysis (flow)',
      bonus: false,
      bonus_reason: '',
    });
  });

  test('of a day says how long the streak is', () => {
    const [, frame] = told({ rows: [row({ type: 'daily_streak', metadata: { day: '2026-03-12', streak: 4 } })] });
    expect(frame?.message['data']).toMatchObject({ event_type: 'daily_streak', streak: 4 });
  });

  test('of 0 is told to nobody', () => {
    expect(told({ rows: [row({ type: 'daily_streak', eventId: 'freeze:2026-03-12', xpDelta: 0 })] })).toEqual([]);
  });
});

test('an achievement is told before the XP that it brings, and causes it', () => {
  const rows = [row(), row({ type: 'achievement_unlocked', eventId: 'first_flow', xpDelta: 25 })];
  const events = told({ rows, unlocks: [{ slug: 'first_flow', atMs: NOON }] });
  expect(events.map(({ name }) => name)).toEqual([
    'xpEarned',
    'realtimeXpEarned',
    'achievementUnlocked',
    'realtimeAchievementUnlocked',
    'xpEarned',
    'realtimeXpEarned',
  ]);
  const [, , unlocked, frame, xp] = events;
  const eventId = derivedEventId('achievement', USER, 'first_flow');
  expect(unlocked).toMatchObject({
    eventId,
    causationId: 'the-analysis',
    message: { userId: USER, slug: 'first_flow', title: 'First Flow', rarity: 'common', xpReward: 25 },
  });
  expect(frame?.eventId).toBe(derivedEventId(eventId, 'events.realtime.achievement_unlocked'));
  expect(frame?.message['data']).toEqual({
    slug: 'first_flow',
    name: 'First Flow',
    description: expect.any(String),
    icon: expect.any(String),
    rarity: 'common',
    xp_reward: 25,
  });
  expect(xp).toMatchObject({ eventId: xpId('achievement_unlocked', 'first_flow'), causationId: eventId });
});

test('a level is told with the XP that reached it', () => {
  const rows = [
    row({ eventId: 'a', xpTotal: 1990 }),
    row({ eventId: 'b', xpTotal: 2005 }),
    row({ eventId: 'c', xpTotal: 2020 }),
  ];
  const events = told({ rows, levelUp: 2 });
  expect(events.map(({ name }) => name).indexOf('realtimeLevelUp')).toBe(4);
  const reached = xpId('timeline_analyzed', 'b');
  expect(events[4]).toMatchObject({
    eventId: derivedEventId('level', USER, '2', reached),
    causationId: reached,
    message: { name: 'level_up', userId: USER, data: { level: 2, xp_total: 2005 } },
  });
});

test('a streak that ended is told as of the end of its day', () => {
  const judge: JudgeDeed = {
    kind: 'judge',
    userId: USER,
    day: '2026-03-13',
    tier: 'drift',
    atMs: NOON + 1,
    correlationId: 'the-day',
    causationId: '',
  };
  const rows = [row({ type: 'daily_streak', eventId: 'missed:2026-03-13', xpDelta: 0 })];
  const [event, frame, ...rest] = told({ rows, broken: { previous: 7, longest: 9, missedDay: '2026-03-13' } }, judge);
  expect(rest).toEqual([]);
  expect(event).toMatchObject({
    name: 'streakBroken',
    eventId: derivedEventId('streak', USER, '2026-03-13'),
    correlationId: 'the-day',
    causationId: '',
    timestampMs: NOON + 1,
    message: { previousStreak: 7, longestStreak: 9, missedDate: '2026-03-13' },
  });
  expect(frame).toMatchObject({
    eventId: derivedEventId(event?.eventId ?? '', 'events.realtime.streak_broken'),
    causationId: event?.eventId,
    message: {
      name: 'streak_broken',
      data: { previous_streak: 7, longest_streak: 9, missed_date: '2026-03-13' },
    },
  });
});
