import { afterAll, beforeAll, expect, test } from 'vitest';
import { DISTURBED } from './delivery.ts';
import { expectedOf, type Game, playGame, spanOf } from './game.ts';
import { TROUBLES } from './play.ts';
import { until } from './settle.ts';
import { readStored, type Stored } from './stored.ts';
import { verifyBoards } from './verify-boards.ts';

/** The long form is `node testing/gamification/torture-main.ts --analyses 10000`. */
let game: Game;
beforeAll(async () => {
  const delivery = { ...DISTURBED, roundDays: [1, 5, 6] };
  const size = { people: 45, analyses: 1_500, days: 24, from: '2025-12-16' };
  game = await playGame({ seed: 2, ...size, delivery, troubles: { most: 2, kinds: TROUBLES } });
}, 280_000);
afterAll(() => game.close());

test('everything was killed at least once, and has judged, frozen, missed and archived', async () => {
  const outcomes = [...expectedOf(game).values()];
  const sum = (count: (one: (typeof outcomes)[number]) => number): number =>
    outcomes.reduce((total, one) => total + count(one), 0);
  expect(Object.entries(game.toll).filter(([, times]) => times === 0)).toEqual([]);
  expect(sum(({ life }) => life.missed.length)).toBeGreaterThan(0);
  expect(sum(({ life }) => life.frozen.length)).toBeGreaterThan(0);
  expect(sum(({ life }) => life.granted.length)).toBeGreaterThan(0);
  expect((await readStored(game.stage.postgres)).archive.length).toBeGreaterThan(0);
});

test('ledger, totals, streaks, achievements, leaderboards and frames are what the model says', async () => {
  expect(await game.verify()).toBe('');
});

/** Without what no ledger says: who opted out. */
const numbersOf = ({ players, streaks, days, unlocks, weekly }: Stored) => ({
  players: players.filter(({ total }) => total > 0),
  streaks,
  days,
  unlocks,
  weekly,
});

test('of the ledger alone, one command makes the same numbers again', async () => {
  const { stage, history } = game;
  const before = await readStored(stage.postgres);
  await stage.postgres.query('TRUNCATE players, streaks, streak_days, user_achievements, weekly_xp');
  await stage.redis.flushall();
  await stage.gamification.rebuild();
  const after = await readStored(stage.postgres);
  expect(numbersOf(after)).toEqual(numbersOf(before));
  expect(after.ledger).toEqual(before.ledger);
  expect(String(await verifyBoards(stage.redis, after, spanOf(history)))).toBe('');
});

test('Redis comes back empty, and the leaderboards are there again by themselves', async () => {
  const { stage, history } = game;
  await stage.emptyRedis();
  const stored = await readStored(stage.postgres);
  await until('the leaderboards', async () => (await stage.redis.zcard('leaderboard:global')) > 0);
  await until('the leaderboards', async () => String(await verifyBoards(stage.redis, stored, spanOf(history))) === '');
});
