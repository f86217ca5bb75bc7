import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startOfDay } from '../rules/days.ts';
import { fillWorld, resultOf } from './crowd-for-tests.ts';
import { openScheduleWorld, type ScheduleWorld } from './schedule-for-tests.ts';

let world: ScheduleWorld;

beforeAll(async () => {
  world = await openScheduleWorld();
});
afterAll(() => world[Symbol.asyncDispose]());
beforeEach(() => world.empty());

const fill = () => fillWorld(world);
const result = () => resultOf(world);

describe('a clock', () => {
  test('that jumps ahead ends no day and no week before the database agrees', async () => {
    await world.toNoon('2026-03-18');
    const start = world.clock.nowMs();
    await fill();
    const doneBefore = await result();
    const schedule = world.schedule({
      clock: { nowMs: () => Date.UTC(2027, 0, 1), sleep: (ms, signal) => world.clock.sleep(ms, signal) },
      databaseNowMs: async () => startOfDay('2026-03-15') - 1,
    });
    await schedule.runDue();
    expect(await result()).toEqual(doneBefore);
    expect(world.clock.nowMs()).toBe(start);
  });

  test('of the database that jumps ahead ends none either', async () => {
    await fill();
    const doneBefore = await result();
    const behind = { nowMs: () => startOfDay('2026-03-15') - 1, sleep: world.clock.sleep.bind(world.clock) };
    await world.schedule({ clock: behind, databaseNowMs: async () => Date.UTC(2027, 0, 1) }).runDue();
    expect(await result()).toEqual(doneBefore);
  });

  test('that jumps back judges nothing twice and takes nothing back', async () => {
    await fill();
    await world.toNoon('2026-03-18');
    await world.schedule().runDue();
    const done = await result();
    const back = { nowMs: () => startOfDay('2026-03-14') + 1, sleep: world.clock.sleep.bind(world.clock) };
    await world.schedule({ clock: back, databaseNowMs: async () => back.nowMs() }).runDue();
    expect(await result()).toEqual(done);
  });

  test('of Postgres is asked where nothing else is said', async () => {
    const far = { nowMs: () => Date.UTC(2999, 0, 1), sleep: world.clock.sleep.bind(world.clock) };
    await world.schedule({ clock: far }, true).runDue();
    const { rows } = await world.postgres.query<{ is_today: boolean }>(
      `SELECT done_through = date_trunc('day', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' AS is_today
       FROM scheduled_jobs WHERE job = 'days'`,
    );
    expect(rows).toEqual([{ is_today: true }]);
  });
});
