import { afterAll, beforeAll, expect, test } from 'vitest';
import { LENSES } from '#pkg/contracts/lens.ts';
import type { Deed } from '../model.ts';
import { analysis, DAY_MS, type LedgerWorld, NOON, openLedgerWorld, tablesOf } from './ledger-for-tests.ts';

let world: LedgerWorld;
beforeAll(async () => {
  world = await openLedgerWorld();
});
afterAll(async () => world[Symbol.asyncDispose]());

const DERIVED = 'players, weekly_xp, streaks, streak_days, user_achievements, player_tiers';
const day = (days: number) => new Date(NOON + days * DAY_MS).toISOString().slice(0, 10);

/** A user on jet with some of everything: lenses, freezes, a day bridged, a streak broken, achievements, somebody brought. */
async function someLife(): Promise<string> {
  const userId = await world.addUser({ tier: 'jet' });
  const cause = { userId, correlationId: 'c', causationId: 'e' };
  const on = (days: number) =>
    analysis(userId, { atMs: NOON + days * DAY_MS, tier: 'jet', lens: LENSES[days % 4] ?? 'flow' });
  const judge = (days: number): Deed => ({
    kind: 'judge',
    ...cause,
    day: day(days),
    tier: 'jet',
    atMs: NOON + (days + 1) * DAY_MS,
  });
  const grant: Deed = { kind: 'grant', ...cause, month: '2026-03-01', freezes: 1, atMs: NOON };
  await world.ledger.settle([on(0), on(1), grant, judge(2), on(3), on(3), judge(4), judge(5), on(6)]);
  await world.ledger.settle([{ kind: 'referral', ...cause, newUserId: 'did:plc:new', atMs: NOON + 6 * DAY_MS }]);
  return userId;
}

test('the tables dropped to the ledger alone come back as they were', async () => {
  const userIds = [await someLife(), await someLife(), await world.addUser()];
  const before = await tablesOf(world.postgres, userIds);
  // Not vacuous: all kinds of things are there.
  expect(before['days']).toContainEqual({ user_id: userIds[0], day: day(2), kind: 'frozen' });
  expect(before['streaks']).toContainEqual(
    expect.objectContaining({ user_id: userIds[0], current_streak: 1, longest_streak: 3, freezes_left: 0 }),
  );
  expect(before['unlocked']?.length).toBeGreaterThan(2);
  await world.postgres.script(`TRUNCATE ${DERIVED}`);
  const seen: number[] = [];
  const done = await world.ledger.rebuildFromLedger({ onProgress: ({ users }) => seen.push(users) });
  expect(done).toMatchObject({ users: 3, of: 3, rows: before['ledger']?.length, wrongTotals: 0 });
  expect(seen.at(-1)).toBe(3);
  const { players, ...after } = await tablesOf(world.postgres, userIds);
  expect(after).toEqual({ ...before, players: undefined });
  // Whoever earned nothing has a row now, too.
  expect(players?.length).toBe(3);
  expect(players).toEqual(expect.arrayContaining(before['players'] ?? []));
  await world.ledger.rebuildFromLedger();
  expect(await tablesOf(world.postgres, userIds)).toEqual({ ...after, players });
});

test('what is no longer right is put right; what is not in the ledger stays', async () => {
  const userId = await someLife();
  const cause = { userId, atMs: NOON, correlationId: 'c', causationId: '' };
  await world.ledger.settle([{ kind: 'recheck', ...cause, networkSize: 3, trackedUsers: 4 }]);
  await world.ledger.setHidden(userId, true);
  const before = await tablesOf(world.postgres, [userId]);
  const version = (await world.ledger.readPlayer(userId))?.version ?? 0;
  await world.postgres.script(`
    UPDATE players SET xp_total = 1, analyses = 2, lenses = '{}'; UPDATE streaks SET current_streak = 0, freezes_left = 9;
    INSERT INTO weekly_xp SELECT '2020-01-06', user_id, 5 FROM players; DELETE FROM user_achievements;
    UPDATE streak_days SET kind = 'frozen'`);
  await world.ledger.rebuildFromLedger();
  expect(await tablesOf(world.postgres, [userId])).toEqual(before);
  expect((await world.ledger.readPlayer(userId))?.version).toBeGreaterThan(version);
});

test('who earns before the rebuild came by goes on from what the ledger says', async () => {
  const [early, control] = [await someLife(), await someLife()];
  await world.postgres.script(`TRUNCATE ${DERIVED}`);
  const next = (userId: string) => analysis(userId, { eventId: 'the-next', atMs: NOON + 7 * DAY_MS });
  expect(await world.ledger.settle([next(early)])).toEqual(['awarded']);
  await world.ledger.rebuildFromLedger();
  expect(await world.ledger.settle([next(control)])).toEqual(['awarded']);
  const [mine, theirs] = [await world.ledger.readPlayer(early), await world.ledger.readPlayer(control)];
  expect(mine).toEqual({ ...theirs, userId: early, version: mine?.version });
  expect((await world.ledger.rebuildFromLedger()).wrongTotals).toBe(0);
});

test('beside people who earn, the sums are right', async () => {
  const userIds = await Promise.all(Array.from({ length: 60 }, () => world.addUser()));
  const other = (await world.openAgain?.()) ?? world.postgres;
  const earner = world.ledgerOn(other);
  const earning = async () => {
    for (let round = 0; round < 5; round += 1) await earner.settle(userIds.map((userId) => analysis(userId)));
  };
  const rebuilding = async () => {
    for (let round = 0; round < 3; round += 1) await world.ledger.rebuildFromLedger();
  };
  await Promise.all([earning(), rebuilding()]);
  if (other !== world.postgres) await other.close();
  for (const player of (await world.ledger.readPlayers(userIds)).values()) {
    expect(player).toMatchObject({ analyses: 5, xpTotal: 5 * 10 + 50 + 5 });
  }
});
