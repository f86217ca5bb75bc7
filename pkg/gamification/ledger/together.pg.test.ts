import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Postgres } from '#pkg/postgres/client.ts';
import type { Deed } from '../model.ts';
import { analysis, DAY_MS, type LedgerWorld, NOON, openLedgerWorld, tablesOf } from './ledger-for-tests.ts';

/** Two processes on one database; where that is the embedded one, both have its one connection. */
let world: LedgerWorld;
let other: Postgres;
beforeAll(async () => {
  world = await openLedgerWorld();
  other = (await world.openAgain?.()) ?? world.postgres;
});
afterAll(async () => {
  if (other !== world.postgres) await other.close();
  await world[Symbol.asyncDispose]();
});

test('who settle for the same users at once, in whatever order, count each deed once', async () => {
  const userIds = await Promise.all(Array.from({ length: 20 }, () => world.addUser()));
  // New users, so that the rows of all are made, and locked, by several at once.
  const deeds = [0, 1, 2].flatMap((day) => userIds.map((userId) => analysis(userId, { atMs: NOON + day * DAY_MS })));
  const batches = (all: readonly Deed[]): Deed[][] =>
    [0, 1, 2, 3].map((part) => all.filter((_, at) => at % 4 === part || at % 7 === part));
  const ledgers = [world.ledger, world.ledgerOn(other)];
  const settled = await Promise.all(
    ledgers.flatMap((ledger, at) =>
      batches(at === 0 ? deeds : deeds.toReversed()).map((batch) => ledger.settle(batch)),
    ),
  );
  expect(settled.flat().filter((outcome) => outcome === 'awarded')).toHaveLength(deeds.length);
  for (const player of (await world.ledger.readPlayers(userIds)).values()) {
    expect(player).toMatchObject({ analyses: 3, streak: { current: 3, longest: 3 } });
    const achievements = (await world.ledger.readLedger(player.userId, { limit: 100 }))
      .filter(({ type }) => type === 'achievement_unlocked')
      .reduce((sum, { xpDelta }) => sum + xpDelta, 0);
    expect(player.xpTotal).toBe(3 * 10 + 50 + 5 + 10 + 15 + achievements);
  }
  const { weekly } = await tablesOf(world.postgres, userIds);
  expect(weekly).toHaveLength(userIds.length);
});
