import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startOfDay } from '../rules/days.ts';
import type { Day, Deed } from '../model.ts';
import { fillWorld, idOf, PEOPLE, resultOf } from './crowd-for-tests.ts';
import { openScheduleWorld, passing, type ScheduleWorld } from './schedule-for-tests.ts';

let world: ScheduleWorld;

beforeAll(async () => {
  world = await openScheduleWorld();
});
afterAll(() => world[Symbol.asyncDispose]());
beforeEach(() => world.empty());

const fill = () => fillWorld(world);
const result = () => resultOf(world);

/** What it comes to when nothing goes wrong. */
const undisturbed = async (until: Day) => {
  await fill();
  await world.toNoon(until);
  await world.schedule().runDue();
  const expected = await result();
  await world.empty();
  return expected;
};

describe('more users than a page has', () => {
  test('are all judged, each once', async () => {
    const { facts, streaks } = await undisturbed('2026-03-15');
    expect(facts).toHaveLength(PEOPLE);
    expect(facts.filter(({ event_id }) => event_id === 'freeze:2026-03-14')).toHaveLength(PEOPLE / 3);
    expect(streaks.filter(({ current_streak }) => current_streak === 1)).toHaveLength(PEOPLE / 3);
  });

  test('that a failure in the middle of a page cut off have the same in the end, and so after several', async () => {
    const expected = await undisturbed('2026-03-17');
    await fill();
    let settled = 0;
    const failing = world.schedule({
      ledger: {
        settle: async (deeds: readonly Deed[]) => {
          settled += 1;
          // Before its work, after it, and with half of it done.
          if (settled % 4 === 0) throw new Error('cut off before');
          if (settled % 4 === 1) await world.ledger.settle(deeds.slice(0, deeds.length / 2));
          else await world.ledger.settle(deeds);
          if (settled % 4 !== 3) throw new Error('cut off after');
        },
      },
    });
    let failures = 0;
    for (let times = 0; times < 100; times += 1) {
      await failing.runDue().catch(() => {
        failures += 1;
      });
    }
    expect(failures).toBeGreaterThan(4);
    await world.schedule().runDue();
    expect(await result()).toEqual(expected);
    expect(await failing.registry.metrics()).toMatch(/job_runs_total\{job="days",outcome="failed"\} [1-9]/);
  });
});

describe('a user whose judgement fails each time', () => {
  const failingFor = (userId: string) =>
    world.schedule({
      ledger: {
        settle: async (deeds) => {
          if (deeds.some((deed) => deed.userId === userId && deed.kind === 'judge')) throw new RangeError('a bug');
          return world.ledger.settle(deeds);
        },
      },
    });

  test('keeps nobody else from theirs, and after some tries no later day from being judged', async () => {
    await fill();
    await world.toNoon('2026-03-15');
    const failing = failingFor(idOf(1));
    await expect(failing.runDue()).rejects.toThrow('1 users could not be settled for 2026-03-14');
    expect((await result()).facts).toHaveLength(PEOPLE - 1);
    expect((await result()).jobs).toMatchObject([{ done_through: new Date(startOfDay('2026-03-14')) }, {}]);
    for (let tries = 2; tries < 30; tries += 1) await expect(failing.runDue()).rejects.toThrow('2026-03-14');
    await failing.runDue();
    expect((await result()).jobs).toMatchObject([{ done_through: new Date(startOfDay('2026-03-15')) }, {}]);
    await world.toNoon('2026-03-16');
    await world.schedule().runDue();
    const { facts } = await result();
    expect(facts.filter((fact) => fact['user_id'] === idOf(1))).toMatchObject([{ event_id: 'missed:2026-03-14' }]);
  });
});

describe('two instances', () => {
  test('never work on one job at once', async () => {
    const expected = await undisturbed('2026-03-16');
    await fill();
    let working = 0;
    let most = 0;
    const settles = { first: 0, second: 0 };
    const watched = (name: keyof typeof settles) =>
      world.schedule({
        ledger: {
          settle: async (deeds: readonly Deed[]) => {
            if (deeds.some(({ kind }) => kind === 'recheck')) return world.ledger.settle(deeds);
            working += 1;
            most = Math.max(most, working);
            settles[name] += 1;
            const settled = await world.ledger.settle(deeds);
            working -= 1;
            return settled;
          },
        },
      });
    const [first, second] = [watched('first'), watched('second')];
    await Promise.all([first.runDue(), second.runDue(), first.runDue(), second.runDue()]);
    await Promise.all([first.runDue(), second.runDue()]);
    expect(most).toBe(1);
    expect(await result()).toEqual(expected);
  });

  test('of which one could not give its lease back goes on by itself', async () => {
    const expected = await undisturbed('2026-03-16');
    await fill();
    let away = false;
    const postgres: typeof world.postgres = {
      ...world.postgres,
      query: (text, params) =>
        away ? Promise.reject(new Error('Connection terminated')) : world.postgres.query(text, params),
    };
    const schedule = world.schedule({
      postgres,
      ledger: {
        settle: (deeds) => {
          away = true;
          return deeds.length === 0 ? Promise.resolve() : Promise.reject(new Error('Connection terminated'));
        },
      },
    });
    await expect(schedule.runDue()).rejects.toThrow();
    away = false;
    const again = world.schedule({ postgres });
    await again.runDue();
    expect((await result()).facts, 'another instance waits').toEqual([]);
    await expect(schedule.runDue()).rejects.toThrow();
    await world.to(world.clock.nowMs() + 60_000);
    away = false;
    await again.runDue();
    expect(await result()).toEqual(expected);
  });

  test('of which one died: the other takes over when its lease has lapsed, and not before', async () => {
    const expected = await undisturbed('2026-03-16');
    await fill();
    const never = new Promise<never>(() => undefined);
    const stuck = Promise.withResolvers<void>();
    const dead = world.schedule({
      ledger: {
        settle: (deeds) => {
          stuck.resolve();
          return deeds.length === 0 ? Promise.resolve() : never;
        },
      },
      // It is dead: nothing renews its lease.
      clock: { nowMs: () => world.clock.nowMs(), sleep: () => never },
    });
    void dead.runDue();
    await stuck.promise;
    const other = world.schedule();
    await other.runDue();
    expect((await result()).facts).toEqual([]);
    await world.to(world.clock.nowMs() + 59_999);
    await other.runDue();
    expect((await result()).facts).toEqual([]);
    await world.to(world.clock.nowMs() + 1);
    await other.runDue();
    expect(await result()).toEqual(expected);
  });

  test('of which one works for long: its lease is renewed, and the other keeps away', async () => {
    await fill();
    await world.toNoon('2026-03-17');
    const held = Promise.withResolvers<void>();
    const slow = world.schedule({
      ledger: {
        settle: async (deeds) => {
          await held.promise;
          return world.ledger.settle(deeds);
        },
      },
    });
    const working = slow.runDue();
    const other = world.schedule();
    for (let times = 0; times < 20; times += 1) {
      await passing(world, async () => expect(await leasedForMs()).toBeGreaterThan(39_000), 1_000);
      await world.clock.advance(19_000);
      await other.runDue();
    }
    expect((await result()).facts).toEqual([]);
    held.resolve();
    await working;
    expect((await result()).facts).not.toEqual([]);
  });

  test('of which one stood still while the other took over: it stops, and moves nothing on', async () => {
    const expected = await undisturbed('2026-03-18');
    await fill();
    const other = world.schedule();
    let isFirst = true;
    const paused = world.schedule({
      ledger: {
        settle: async (deeds) => {
          if (isFirst && deeds.length > 0) {
            isFirst = false;
            await world.postgres.script(`UPDATE scheduled_jobs SET leased_until = leased_until - interval '1 hour'`);
            await other.runDue();
          }
          return world.ledger.settle(deeds);
        },
      },
    });
    await paused.runDue();
    expect(await result()).toEqual(expected);
    expect(await paused.registry.metrics()).toContain('job_runs_total{job="days",outcome="lost"} 1');
    const metrics = await other.registry.metrics();
    expect(metrics).toContain('job_runs_total{job="days",outcome="done"} 4');
    expect(metrics).toContain('skyflow_gamification_job_done_age_seconds{job="days"} 43200');
  });
});

const leasedForMs = async (): Promise<number> => {
  const { rows } = await world.postgres.query<{ leased_until: Date | null }>(
    `SELECT leased_until FROM scheduled_jobs WHERE job = 'days'`,
  );
  return (rows[0]?.leased_until?.getTime() ?? 0) - world.clock.nowMs();
};
