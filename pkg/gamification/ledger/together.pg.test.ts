import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Postgres } from '#pkg/postgres/client.ts';
import type { Deed } from '../model.ts';
import { settleWithin } from './settle.ts';
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

test('who erases waits for who is settling, and then takes all of it', async () => {
  // Within one connection everybody waits for the transaction to end, and nobody can look meanwhile who waits.
  const isAlone = other === world.postgres;
  for (const isNew of [true, false]) {
    const userId = await world.addUser();
    if (!isNew) await world.ledger.settle([analysis(userId)]);
    const waiting = async () => {
      const { rows } = await world.postgres.query(
        `SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`,
      );
      return rows.length;
    };
    let erasing: Promise<unknown> | undefined;
    await other.transaction(async (tx) => {
      /** They leave, and are to be erased, when all was read and nothing written yet. */
      const leaveNow = async () => {
        if (isAlone) await tx.query('UPDATE users SET deleted_at = now() WHERE did = $1', [userId]);
        else await world.leave(userId);
        erasing = world.ledger.erase(userId);
        if (!isAlone) await expect.poll(waiting, { timeout: 10_000 }).toBeGreaterThan(0);
      };
      const query: typeof tx.query = async (text, params) => {
        if (text.includes('INSERT INTO xp_transactions')) await leaveNow();
        return tx.query(text, params);
      };
      await settleWithin({ ...tx, query }, [analysis(userId)], { nowMs: NOON, making: true });
    });
    expect(erasing).toBeDefined();
    expect(await erasing).toBe('erased');
    expect(Object.values(await tablesOf(world.postgres, [userId])).flat()).toEqual([]);
  }
});
