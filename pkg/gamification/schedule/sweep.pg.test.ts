import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { StoreAwayError } from '#pkg/rest/away.ts';
import { setPlayers } from '../boards/boards-for-tests.ts';
import { ACHIEVEMENTS } from '../rules/achievements/catalogue.ts';
import { openScheduleWorld, type ScheduleWorld } from './schedule-for-tests.ts';

let world: ScheduleWorld;
const MINUTE = 60_000;
const DAY = 86_400_000;

beforeAll(async () => {
  world = await openScheduleWorld();
});
afterAll(() => world[Symbol.asyncDispose]());
beforeEach(() => world.empty());

const thresholds = (type: string) =>
  ACHIEVEMENTS.filter(({ criterion, tierRequired }) => criterion.type === type && tierRequired === null)
    .toSorted((a, b) => a.criterion.threshold - b.criterion.threshold)
    .map(({ slug, criterion }) => ({ slug, threshold: criterion.threshold }));
const unlocked = async (userId: string): Promise<string[]> => {
  const { rows } = await world.postgres.query<{ slug: string }>(
    `SELECT slug FROM user_achievements WHERE user_id = $1 ORDER BY slug`,
    [userId],
  );
  return rows.map(({ slug }) => slug);
};
const player = async (userId: string) => {
  const { rows } = await world.postgres.query(
    `SELECT network_size, tracked_users, network_at, inactive, version FROM players WHERE user_id = $1`,
    [userId],
  );
  return rows[0];
};
const wait = (ms: number) => world.to(world.clock.nowMs() + ms);

test('every 5 minutes, what the index says now unlocks what it is enough for, once', async () => {
  const user = await world.addUser();
  await world.beActive(user, ['2026-03-12']);
  const [first] = thresholds('network_size');
  const [tracked] = thresholds('unique_users_tracked');
  const schedule = world.schedule();
  world.figures.set(user, { networkSize: (first?.threshold ?? 0) - 1, trackedUsers: (tracked?.threshold ?? 0) - 1 });
  await schedule.runDue();
  expect(await unlocked(user)).not.toContain(first?.slug);
  world.figures.set(user, { networkSize: first?.threshold ?? 0, trackedUsers: tracked?.threshold ?? 0 });
  // Figures are good for a day.
  await wait(DAY - 1);
  await schedule.runDue();
  expect(await unlocked(user)).not.toContain(first?.slug);
  await wait(5 * MINUTE - 1);
  await schedule.runDue();
  expect(await unlocked(user)).not.toContain(first?.slug);
  await wait(1);
  await schedule.runDue();
  expect(await unlocked(user)).toEqual(expect.arrayContaining([first?.slug, tracked?.slug]));
  expect(await player(user)).toMatchObject({ network_size: first?.threshold, tracked_users: tracked?.threshold });
  const total = (await world.ledger.readPlayer(user))?.xpTotal;
  await wait(2 * DAY);
  await schedule.runDue();
  expect((await world.ledger.readPlayer(user))?.xpTotal).toBe(total);
});

test('what an outage missed is unlocked though the index is away', async () => {
  const user = await world.addUser();
  await world.beActive(user, ['2026-03-12']);
  const [count] = thresholds('timeline_count');
  await world.postgres.query('UPDATE players SET analyses = $2 WHERE user_id = $1', [user, count?.threshold ?? 0]);
  const away = async () => {
    throw new Error('no answer');
  };
  await world.schedule({ network: { figures: away, inactive: away } }).runDue();
  expect(await unlocked(user)).toContain(count?.slug);
  expect(await player(user)).toMatchObject({ network_at: null, inactive: false });
});

test('who left the network is off the boards, and back when they are', async () => {
  const [user, other] = [await world.addUser(), await world.addUser()];
  for (const one of [user, other]) await world.beActive(one, ['2026-03-12']);
  const schedule = world.schedule();
  await schedule.runDue();
  const before = await player(user);
  world.inactive.add(user);
  await wait(5 * MINUTE);
  await schedule.runDue();
  expect(await player(user)).toMatchObject({ inactive: true, version: Number(before?.['version']) + 1 });
  expect(await player(other)).toMatchObject({ inactive: false });
  expect(world.refreshed.at(-1)?.toSorted()).toEqual([user, other].toSorted());
  await wait(5 * MINUTE);
  await schedule.runDue();
  expect(await player(user)).toMatchObject({ inactive: true, version: Number(before?.['version']) + 1 });
  world.inactive.clear();
  await wait(5 * MINUTE);
  await schedule.runDue();
  expect(await player(user)).toMatchObject({ inactive: false, version: Number(before?.['version']) + 2 });
});

test('Redis that is away keeps no achievement back', async () => {
  const user = await world.addUser();
  await world.beActive(user, ['2026-03-12']);
  const [first] = thresholds('network_size');
  world.figures.set(user, { networkSize: first?.threshold ?? 0, trackedUsers: 0 });
  const refresh = async () => {
    throw new StoreAwayError('redis', new Error('gone'));
  };
  await world.schedule({ boards: { refresh } }).runDue();
  expect(await unlocked(user)).toContain(first?.slug);
});

test('goes through everybody, and asks the index for a bounded number at a time', async () => {
  const ids = Array.from({ length: 1_105 }, (_, at) => `did:plc:s${String(at).padStart(5, '0')}`);
  await setPlayers(
    world.postgres,
    ids.map((userId) => ({ userId, xp: 5 })),
  );
  const asked: number[] = [];
  const schedule = world.schedule({
    network: {
      figures: async (dids) => {
        asked.push(dids.length);
        return new Map(dids.map((did) => [did, { networkSize: 1, trackedUsers: 1 }]));
      },
      inactive: async () => new Set(),
    },
  });
  const looked = async () =>
    (await world.postgres.query<{ n: number }>('SELECT count(*) AS n FROM players WHERE network_at IS NOT NULL'))
      .rows[0]?.n;
  await schedule.runDue();
  expect([await looked(), Math.max(...asked)]).toEqual([500, 200]);
  expect(world.refreshed.flat()).toHaveLength(1_105);
  await wait(5 * MINUTE);
  await schedule.runDue();
  expect(await looked()).toBe(1_000);
  await wait(5 * MINUTE);
  await schedule.runDue();
  expect(await looked()).toBe(1_105);
});
