import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Deed } from '../model.ts';
import { EVENTS, decodeEvent } from '#pkg/bus/events.ts';
import { analysis, DAY_MS } from '../ledger/ledger-for-tests.ts';
import { startOfDay } from '../rules/days.ts';
import { openScheduleWorld, passing, type ScheduleWorld, whileRunning } from './schedule-for-tests.ts';

let world: ScheduleWorld;

beforeAll(async () => {
  world = await openScheduleWorld();
});
afterAll(() => world[Symbol.asyncDispose]());
beforeEach(() => world.empty());

/** A day of the calendar on which a schedule is started for the first time, at noon. */
const begin = async (day: string) => {
  await world.toNoon(day);
  const schedule = world.schedule();
  await schedule.runDue();
  return schedule;
};
const doneThrough = async (): Promise<string | undefined> => {
  const { rows } = await world.postgres.query<{ done_through: Date }>(
    `SELECT done_through FROM scheduled_jobs WHERE job = 'days'`,
  );
  return rows[0]?.done_through.toISOString();
};

describe('the judgement of a day', () => {
  test('begins with the day on which it first runs: nothing before is judged', async () => {
    await world.toNoon('2026-03-12');
    const user = await world.addUser();
    await world.beActive(user, ['2026-03-05']);
    const schedule = world.schedule();
    await schedule.runDue();
    expect(await world.factsOf(user)).toEqual([]);
    expect(await doneThrough()).toBe('2026-03-12T00:00:00.000Z');
  });

  test('leaves whoever was active, and breaks the streak of who was not, once', async () => {
    const schedule = await begin('2026-03-13');
    const [kept, lost] = [await world.addUser(), await world.addUser()];
    await world.beActive(kept, ['2026-03-12', '2026-03-13', '2026-03-14']);
    await world.beActive(lost, ['2026-03-12', '2026-03-13']);
    await world.to(startOfDay('2026-03-15'));
    world.offered.length = 0;
    for (let times = 0; times < 3; times += 1) await schedule.runDue();
    expect(await world.factsOf(kept)).toEqual([]);
    expect(await world.factsOf(lost)).toEqual(['missed:2026-03-14']);
    expect(await world.streakOf(kept)).toMatchObject({ current: 3, longest: 3 });
    expect(await world.streakOf(lost)).toMatchObject({ current: 0, longest: 2, last: '2026-03-13' });
    const broken = world.offered.filter(({ subject }) => subject === 'events.streak.broken');
    expect(broken.map(({ bytes }) => decodeEvent(EVENTS.streakBroken, bytes))).toMatchObject([
      {
        timestampMs: startOfDay('2026-03-15'),
        message: { userId: lost, previousStreak: 2, longestStreak: 2, missedDate: '2026-03-14' },
      },
    ]);
  });

  test('is not due at 23:59:59.999, and comes just after 00:00 UTC', async () => {
    await begin('2026-03-20');
    const user = await world.addUser();
    await world.beActive(user, ['2026-03-19']);
    await world.to(startOfDay('2026-03-21') - 1);
    const schedule = world.schedule();
    await schedule.runDue();
    expect(await world.factsOf(user)).toEqual([]);
    await whileRunning(schedule, async () => {
      await passing(world, async () => expect(await world.factsOf(user)).toEqual(['missed:2026-03-20']), 1_000);
    });
    expect(world.clock.nowMs()).toBeLessThan(startOfDay('2026-03-21') + 3_600_000);
  });

  test('counts who was active at 23:59:59.999, though it is handled after midnight', async () => {
    await begin('2026-03-23');
    const user = await world.addUser();
    await world.beActive(user, ['2026-03-22']);
    await world.to(startOfDay('2026-03-24'));
    let asked = 0;
    const schedule = world.schedule({
      caughtUp: async () => {
        asked += 1;
        if (asked === 3) await world.ledger.settle([analysis(user, { atMs: startOfDay('2026-03-24') - 1 })]);
        return asked === 4;
      },
    });
    const judged = schedule.runDue();
    await passing(world, async () => expect(asked).toBe(4), 2_000);
    await judged;
    expect(await world.factsOf(user)).toEqual([]);
    expect(await world.streakOf(user)).toMatchObject({ current: 2, last: '2026-03-23' });
  });

  test('waits for events that are still to be counted for an hour, and no longer', async () => {
    await begin('2026-03-26');
    const user = await world.addUser();
    await world.beActive(user, ['2026-03-25']);
    await world.to(startOfDay('2026-03-27'));
    const caughtUp = vi.fn(async (): Promise<boolean> => {
      throw new Error('NATS is away');
    });
    const judged = world.schedule({ caughtUp }).runDue();
    await passing(
      world,
      async () => expect(world.clock.nowMs()).toBeGreaterThan(startOfDay('2026-03-27') + 3_590_000),
      10_000,
    );
    expect(await world.factsOf(user)).toEqual([]);
    await passing(world, async () => expect(await world.factsOf(user)).toEqual(['missed:2026-03-26']), 10_000);
    await judged;
    expect(new Set(caughtUp.mock.calls.flat())).toEqual(new Set([startOfDay('2026-03-26')]));
  });
});

describe('freezes', () => {
  test('are set to 3 on the 1st for jet and orbit, after the last day of the month was judged', async () => {
    const schedule = await begin('2026-03-30');
    const tiers = ['drift', 'lift', 'jet', 'orbit'] as const;
    const users = await Promise.all(tiers.map((tier) => world.addUser({ tier })));
    for (const [at, user] of users.entries()) await world.beActive(user, ['2026-03-30'], tiers[at]);
    await world.to(startOfDay('2026-04-01'));
    await schedule.runDue();
    // The 31st was missed by all, and no freezes were there yet.
    expect(await Promise.all(users.map((user) => world.factsOf(user)))).toEqual([
      ['missed:2026-03-31'],
      ['missed:2026-03-31'],
      ['missed:2026-03-31', 'freezes:2026-04-01'],
      ['missed:2026-03-31', 'freezes:2026-04-01'],
    ]);
    expect((await Promise.all(users.map((user) => world.streakOf(user)))).map((streak) => streak?.freezes)).toEqual([
      0, 0, 3, 3,
    ]);
  });

  test('bridge three missed days, and the fourth ends the streak; the next month gives three again, never more', async () => {
    const schedule = await begin('2026-04-30');
    const user = await world.addUser({ tier: 'jet' });
    await world.beActive(user, ['2026-04-30', '2026-05-01', '2026-05-02'], 'jet');
    await world.to(startOfDay('2026-05-04'));
    await schedule.runDue();
    expect(await world.factsOf(user)).toEqual(['freezes:2026-05-01', 'freeze:2026-05-03']);
    expect(await world.streakOf(user)).toEqual({ current: 3, longest: 3, freezes: 2, last: '2026-05-03' });
    await world.to(startOfDay('2026-05-08'));
    await schedule.runDue();
    expect((await world.factsOf(user)).slice(2)).toEqual([
      'freeze:2026-05-04',
      'freeze:2026-05-05',
      'missed:2026-05-06',
    ]);
    await world.beActive(user, ['2026-05-09'], 'jet');
    await world.to(startOfDay('2026-06-01'));
    await schedule.runDue();
    expect(await world.streakOf(user)).toMatchObject({ freezes: 3 });
    await world.beActive(user, ['2026-06-01', '2026-06-02'], 'jet');
    await world.to(startOfDay('2026-07-01') + 1);
    await schedule.runDue();
    expect(await world.streakOf(user)).toMatchObject({ freezes: 3 });
  });

  test('go by the tier at the end of the day: a change at midnight is too late for it', async () => {
    const schedule = await begin('2026-08-01');
    const [before, at] = [await world.addUser({ tier: 'jet' }), await world.addUser({ tier: 'jet' })];
    const midnight = startOfDay('2026-09-03');
    for (const user of [before, at]) await world.ledger.setTier(user, 'jet', startOfDay('2026-08-01'));
    await world.beActive(before, ['2026-08-31', '2026-09-01'], 'jet');
    await world.beActive(at, ['2026-08-31', '2026-09-01'], 'jet');
    await world.to(startOfDay('2026-09-01'));
    await schedule.runDue();
    await world.ledger.setTier(before, 'drift', midnight - 1);
    await world.ledger.setTier(at, 'drift', midnight);
    await world.to(midnight);
    await schedule.runDue();
    expect((await world.factsOf(before)).at(-1)).toBe('missed:2026-09-02');
    expect((await world.factsOf(at)).at(-1)).toBe('freeze:2026-09-02');
  });

  test('of an upgrade in mid-month come on the 1st, judged late or not; one on the 1st at 00:00 is in time', async () => {
    const schedule = await begin('2026-10-10');
    const [middle, first, later] = [await world.addUser(), await world.addUser(), await world.addUser()];
    for (const user of [middle, first, later]) await world.beActive(user, ['2026-10-10']);
    await world.ledger.setTier(middle, 'jet', startOfDay('2026-10-15'));
    await world.ledger.setTier(first, 'orbit', startOfDay('2026-11-01'));
    await world.ledger.setTier(later, 'jet', startOfDay('2026-11-01') + 1);
    await world.to(startOfDay('2026-10-31'));
    await schedule.runDue();
    expect(await world.streakOf(middle)).toMatchObject({ freezes: 0 });
    // Nothing runs on the 1st.
    await world.toNoon('2026-11-04');
    await schedule.runDue();
    const given = await Promise.all([middle, first, later].map((user) => world.streakOf(user)));
    expect(given.map((streak) => streak?.freezes)).toEqual([3, 3, 0]);
    await world.to(startOfDay('2026-12-01'));
    await schedule.runDue();
    expect(await world.streakOf(later)).toMatchObject({ freezes: 3 });
  });

  test('and leap days: 2028-02-29 is a day like others, and the 1st follows it', async () => {
    const schedule = await begin('2028-02-27');
    const [steady, missing] = [await world.addUser(), await world.addUser({ tier: 'jet' })];
    await world.beActive(steady, ['2028-02-27', '2028-02-28', '2028-02-29', '2028-03-01']);
    await world.beActive(missing, ['2028-02-28'], 'jet');
    await world.toNoon('2028-03-02');
    await schedule.runDue();
    expect(await world.streakOf(steady)).toMatchObject({ current: 4 });
    // Another jet user without freezes yet: the leap day was missed before the 1st gave any.
    expect(await world.factsOf(missing)).toEqual(['missed:2028-02-29', 'freezes:2028-03-01']);
    await world.toNoon('2029-02-27');
    const common = await world.addUser();
    await world.beActive(common, ['2029-02-27', '2029-02-28', '2029-03-01']);
    expect(await world.streakOf(common)).toMatchObject({ current: 3 });
  });
});

describe('days of downtime', () => {
  const users = () => Promise.all((['jet', 'drift', 'orbit'] as const).map((tier) => world.addUser({ tier })));
  /** What happens on each of the days; the last is not over. */
  const days = ['2030-05-30', '2030-05-31', '2030-06-01', '2030-06-02', '2030-06-03', '2030-06-04', '2030-06-05'];
  const activity: readonly (readonly number[])[] = [
    [0, 1, 2, 4, 6],
    [0, 1, 3, 4],
    [0, 1, 2],
  ];
  const outcome = async (ids: readonly string[]) =>
    Promise.all(ids.map(async (id) => ({ facts: await world.factsOf(id), streak: await world.streakOf(id) })));

  test('are judged in order, with the same result as day by day, also for who was active again meanwhile', async () => {
    const schedule = await begin('2030-05-30');
    const daily = await users();
    const later = await users();
    for (const [at, day] of days.entries()) {
      await world.toNoon(day);
      await schedule.runDue();
      for (const [who, on] of activity.entries()) {
        if (on.includes(at)) await world.beActive(daily[who] ?? '', [day], (['jet', 'drift', 'orbit'] as const)[who]);
      }
    }
    await world.toNoon('2030-06-06');
    await schedule.runDue();
    const expected = await outcome(daily);

    await world.postgres.query(`UPDATE scheduled_jobs SET done_through = $1 WHERE job = 'days'`, [
      new Date(startOfDay('2030-05-30')),
    ]);
    for (const [who, on] of activity.entries()) {
      const active = days.filter((_, at) => on.includes(at));
      await world.beActive(later[who] ?? '', active, (['jet', 'drift', 'orbit'] as const)[who]);
    }
    await schedule.runDue();
    expect(await outcome(later)).toEqual(expected);
    expect(expected[0]?.facts).toEqual(['freezes:2030-06-01', 'freeze:2030-06-02', 'freeze:2030-06-04']);
    expect(expected[1]?.facts).toEqual(['missed:2030-06-01', 'missed:2030-06-04']);
  });

  test('and an event that comes after its day was judged leaves no streak alive that ended', async () => {
    const schedule = await begin('2031-01-01');
    const user = await world.addUser();
    await world.beActive(user, ['2031-01-01']);
    await world.toNoon('2031-01-05');
    await schedule.runDue();
    await world.beActive(user, ['2031-01-03']);
    await world.toNoon('2031-01-06');
    await schedule.runDue();
    expect(await world.streakOf(user)).toMatchObject({ current: 0 });
    expect(await world.factsOf(user)).toEqual(['missed:2031-01-02', 'missed:2031-01-04']);
  });
});

test('a trace shows each day judged as one thing', async () => {
  const schedule = await begin('2031-02-02');
  const settled: Deed[] = [];
  const spied = world.schedule({
    ledger: { settle: async (deeds) => (settled.push(...deeds), world.ledger.settle(deeds)) },
  });
  for (let times = 0; times < 2; times += 1) await world.beActive(await world.addUser(), ['2031-02-02', '2031-02-01']);
  await world.to(startOfDay('2031-02-02') + 3 * DAY_MS);
  await spied.runDue();
  const judged = settled.filter((deed) => deed.kind === 'judge');
  expect(judged).toHaveLength(2);
  expect(new Set(judged.map(({ correlationId }) => correlationId)).size).toBe(1);
  expect(judged[0]?.correlationId).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8/);
  await schedule.runDue();
});
