import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { setPlayers } from '../boards/boards-for-tests.ts';
import type { Day } from '../model.ts';
import { startOfDay } from '../rules/days.ts';
import { openScheduleWorld, type ScheduleWorld } from './schedule-for-tests.ts';

let world: ScheduleWorld;

beforeAll(async () => {
  world = await openScheduleWorld();
});
afterAll(() => world[Symbol.asyncDispose]());
beforeEach(() => world.empty());

const did = (name: string): string => `did:plc:${name}`;
const putWeek = (week: Day, xp: Readonly<Record<string, number>>) =>
  setPlayers(
    world.postgres,
    Object.entries(xp).map(([name, earned]) => ({ userId: did(name), xp: 1, weeks: { [week]: earned } })),
  );
const archive = async (period?: string) => {
  const { rows } = await world.postgres.query<{ period: string; rank: number; user_id: string; xp: number }>(
    `SELECT period, rank, user_id, xp FROM leaderboards WHERE period = coalesce($1, period) ORDER BY period, rank, user_id`,
    [period ?? null],
  );
  return rows.map(({ period, rank, user_id, xp }) => `${period} ${rank} ${user_id.slice(8)} ${xp}`);
};
const startAt = (day: Day) =>
  world.postgres.query(`INSERT INTO scheduled_jobs (job, done_through) VALUES ('weeks', $1)`, [
    new Date(startOfDay(day)),
  ]);

describe('a week that is over', () => {
  test('is archived at Monday 00:00 UTC, not before, with shared ranks', async () => {
    await startAt('2026-11-16');
    await putWeek('2026-11-16', { a: 50, b: 40, c: 40, d: 10, e: 0, f: -5 });
    await putWeek('2026-11-23', { d: 999 });
    await world.to(startOfDay('2026-11-23') - 1);
    const schedule = world.schedule();
    await schedule.runDue();
    expect(await archive()).toEqual([]);
    await world.to(startOfDay('2026-11-23'));
    await schedule.runDue();
    expect(await archive()).toEqual(['2026-W47 1 a 50', '2026-W47 2 b 40', '2026-W47 2 c 40', '2026-W47 4 d 10']);
  });

  test('stays as it ended, whatever is counted late and however often it is archived', async () => {
    await startAt('2026-11-23');
    await putWeek('2026-11-23', { a: 50, b: 40 });
    await world.toNoon('2026-12-01');
    const schedule = world.schedule();
    await schedule.runDue();
    const before = await archive();
    await putWeek('2026-11-23', { a: 60, b: 70, c: 80 });
    await world.postgres.query(`UPDATE scheduled_jobs SET done_through = $1 WHERE job = 'weeks'`, [
      new Date(startOfDay('2026-11-23')),
    ]);
    await schedule.runDue();
    expect(await archive()).toEqual(before);
  });

  test('waits until its days are judged: a freeze that is given late may bring XP for it', async () => {
    await startAt('2026-11-23');
    await putWeek('2026-11-23', { a: 50 });
    await world.toNoon('2026-12-02');
    await world.postgres.query(
      `INSERT INTO scheduled_jobs (job, done_through, leased_by, leased_until) VALUES ('days', $1, 'another', 'infinity')`,
      [new Date(startOfDay('2026-11-29'))],
    );
    const schedule = world.schedule();
    await schedule.runDue();
    expect(await archive()).toEqual([]);
    await world.postgres.query(`UPDATE scheduled_jobs SET leased_by = NULL WHERE job = 'days'`);
    await schedule.runDue();
    expect(await archive()).toEqual(['2026-W48 1 a 50']);
  });

  test('leaves out who is hidden, inactive or gone', async () => {
    await startAt('2026-11-30');
    const week = { '2026-11-30': 10 };
    await setPlayers(world.postgres, [
      { userId: did('a'), hidden: true, weeks: week },
      { userId: did('b'), inactive: true, weeks: week },
      { userId: did('c'), left: true, weeks: week },
      { userId: did('d'), weeks: week },
    ]);
    await world.toNoon('2026-12-07');
    await world.schedule().runDue();
    expect(await archive()).toEqual(['2026-W49 1 d 10']);
  });

  test('keeps the first thousand', async () => {
    await startAt('2026-12-07');
    const many = Array.from({ length: 1_010 }, (_, at) => [`p${String(at).padStart(4, '0')}`, 5_000 - at] as const);
    await putWeek('2026-12-07', Object.fromEntries(many));
    await world.toNoon('2026-12-14');
    await world.schedule().runDue();
    const kept = await archive();
    expect([kept.length, kept[0], kept.at(-1)]).toEqual([1_000, '2026-W50 1 p0000 5000', '2026-W50 1000 p0999 4001']);
  });
});

test('weeks of downtime are archived one by one, each under its name, over the turn of a year', async () => {
  await startAt('2026-12-21');
  for (const [week, xp] of [
    ['2026-12-21', 1],
    ['2026-12-28', 2],
    ['2027-01-04', 3],
    ['2027-01-11', 4],
  ] as const) {
    await putWeek(week, { a: xp, b: 10 * xp });
  }
  await world.toNoon('2027-01-13');
  const schedule = world.schedule();
  await schedule.runDue();
  expect(await archive()).toEqual([
    '2026-W52 1 b 10',
    '2026-W52 2 a 1',
    '2026-W53 1 b 20',
    '2026-W53 2 a 2',
    '2027-W01 1 b 30',
    '2027-W01 2 a 3',
  ]);
  expect(await schedule.registry.metrics()).toContain('job_runs_total{job="weeks",outcome="done"} 3');
});
