import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { analysis, type LedgerWorld, NOON, openLedgerWorld, tablesOf } from './ledger-for-tests.ts';

let world: LedgerWorld;
beforeAll(async () => {
  world = await openLedgerWorld();
});
afterAll(async () => world[Symbol.asyncDispose]());

const TABLES = ['xp_transactions', 'players', 'weekly_xp', 'player_tiers', 'streak_days', 'streaks'];

describe('erasing', () => {
  test('takes every row of somebody who left, in every table, and nobody else’s', async () => {
    const [gone, here] = [await world.addUser(), await world.addUser()];
    for (const userId of [gone, here]) {
      await world.ledger.settle([analysis(userId, { lens: 'flow' })]);
      await world.ledger.setTier(userId, 'jet', NOON);
      await world.postgres.query(`INSERT INTO leaderboards (period, rank, user_id, xp) VALUES ('2026-W10', 1, $1, 5)`, [
        userId,
      ]);
    }
    await world.leave(gone);
    expect(await world.ledger.erase(gone)).toBe('erased');
    const { rows } = await world.postgres.query<{ table_name: string }>(
      `SELECT c.table_name FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name)
       WHERE c.column_name = 'user_id' AND c.table_schema = current_schema() AND t.table_type = 'BASE TABLE'
         AND c.table_name NOT IN ('analysis_requests', 'timeline_analyses')`,
    );
    const names = rows.map((row) => row.table_name);
    expect(names).toEqual(expect.arrayContaining([...TABLES, 'user_achievements', 'leaderboards']));
    for (const name of names) {
      const left = await world.postgres.query<{ user_id: string }>(
        `SELECT user_id FROM ${name} WHERE user_id = ANY($1)`,
        [[gone, here]],
      );
      expect([name, [...new Set(left.rows.map((row) => row.user_id))]]).toEqual([
        name,
        name === 'audit_log' ? [] : [here],
      ]);
    }
    expect(await world.ledger.erase(gone)).toBe('erased');
  });

  test('spares somebody who is here, or came back', async () => {
    const userId = await world.addUser();
    await world.ledger.settle([analysis(userId)]);
    const before = await tablesOf(world.postgres, [userId]);
    expect(await world.ledger.erase(userId)).toBe('is here');
    expect(await tablesOf(world.postgres, [userId])).toEqual(before);
  });

  test('somebody who comes back begins from nothing, and the same analysis counts again', async () => {
    const userId = await world.addUser();
    const deed = analysis(userId);
    await world.ledger.settle([deed]);
    const version = (await world.ledger.readPlayer(userId))?.version ?? Infinity;
    await world.leave(userId);
    await world.ledger.erase(userId);
    await world.postgres.query('UPDATE users SET deleted_at = NULL WHERE did = $1', [userId]);
    expect(await world.ledger.settle([deed])).toEqual(['awarded']);
    const player = await world.ledger.readPlayer(userId);
    expect(player?.xpTotal).toBe(65);
    // Whoever keeps the highest version must take the new row for newer.
    expect(player?.version).toBeGreaterThan(version);
  });

  test('beside somebody who earns, leaves nothing behind', async () => {
    const other = (await world.openAgain?.()) ?? world.postgres;
    const earner = world.ledgerOn(other);
    for (let round = 0; round < 10; round += 1) {
      const userId = await world.addUser();
      await Promise.all([
        earner.settle([analysis(userId)]),
        earner.settle([analysis(userId)]),
        (async () => {
          await world.leave(userId);
          await world.ledger.erase(userId);
        })(),
        earner.settle([analysis(userId)]),
      ]);
      expect(Object.values(await tablesOf(world.postgres, [userId])).flat()).toEqual([]);
    }
    if (other !== world.postgres) await other.close();
  });
});

describe('tiers', () => {
  test('the newest holds, whatever the order of the news; each moment has its own', async () => {
    const userId = await world.addUser();
    expect(await world.ledger.setTier(userId, 'orbit', NOON + 2000)).toBe('set');
    expect(await world.ledger.setTier(userId, 'jet', NOON + 1000)).toBe('set');
    expect((await world.ledger.readPlayer(userId))?.tier).toBe('orbit');
    const at = async (ms: number) => (await world.ledger.tierAt([userId], ms)).get(userId);
    expect(await Promise.all([999, 1000, 1999, 2000].map((ms) => at(NOON + ms)))).toEqual([
      'drift',
      'jet',
      'jet',
      'orbit',
    ]);
  });

  test('the tier with which a row was made holds until the first news', async () => {
    const userId = await world.addUser({ tier: 'jet' });
    await world.ledger.settle([analysis(userId)]);
    await world.ledger.setTier(userId, 'lift', NOON);
    const before = await world.ledger.tierAt([userId, 'did:plc:stranger'], NOON - 1);
    expect(before).toEqual(new Map([[userId, 'jet']]));
    expect(await world.ledger.tierAt([userId], NOON)).toEqual(new Map([[userId, 'lift']]));
  });

  test('strangers and those who left have none', async () => {
    const userId = await world.addUser();
    await world.leave(userId);
    expect(await world.ledger.setTier(userId, 'jet', NOON)).toBe('left');
    expect(await world.ledger.setTier('did:plc:stranger', 'jet', NOON)).toBe('unknown user');
    expect((await world.ledger.tierAt([userId, 'did:plc:stranger'], NOON)).size).toBe(0);
  });
});

test('who hides is hidden, and the version says that something changed', async () => {
  const userId = await world.addUser();
  expect(await world.ledger.setHidden(userId, true)).toBe('set');
  const hidden = await world.ledger.readPlayer(userId);
  expect(hidden).toMatchObject({ hidden: true, xpTotal: 0 });
  await world.ledger.setHidden(userId, true);
  expect(await world.ledger.readPlayer(userId)).toEqual(hidden);
  await world.ledger.setHidden(userId, false);
  expect(await world.ledger.readPlayer(userId)).toEqual({
    ...hidden,
    hidden: false,
    version: (hidden?.version ?? 0) + 1,
  });
  expect(await world.ledger.setHidden('did:plc:stranger', true)).toBe('unknown user');
});

test('who hid is hidden still when everything was made again', async () => {
  const userId = await world.addUser();
  await world.ledger.settle([analysis(userId)]);
  await world.ledger.setHidden(userId, true);
  await world.postgres.query('DELETE FROM players WHERE user_id = $1', [userId]);
  await world.ledger.rebuildFromLedger();
  expect(await world.ledger.readPlayer(userId)).toMatchObject({ hidden: true, analyses: 1 });
});

test('the ledger is read newest first, a page at a time', async () => {
  const userId = await world.addUser();
  await world.ledger.settle(Array.from({ length: 8 }, () => analysis(userId)));
  const all = await world.ledger.readLedger(userId, { limit: 100 });
  expect(all.map(({ id }) => id)).toEqual(all.map(({ id }) => id).toSorted((a, b) => b - a));
  expect(all).toHaveLength(10);
  const first = await world.ledger.readLedger(userId, { limit: 4 });
  const second = await world.ledger.readLedger(userId, { before: first.at(-1)?.id, limit: 100 });
  expect([...first, ...second]).toEqual(all);
  expect(all.at(-1)).toMatchObject({ type: 'timeline_analyzed', xpDelta: 10, xpTotal: 10, occurredAtMs: NOON });
});
