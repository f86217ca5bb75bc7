import { vi } from 'vitest';
import type { Tier } from '#pkg/contracts/tiers.ts';
import type { Postgres } from '#pkg/postgres/client.ts';
import { createLogger } from '#pkg/runtime/log.ts';
import { createMetrics, type Registry } from '#pkg/runtime/metrics.ts';
import { analysis, DAY_MS, type LedgerWorld, openLedgerWorld } from '../ledger/ledger-for-tests.ts';
import type { Day } from '../model.ts';
import type { Figures } from '../network/network.ts';
import { startOfDay } from '../rules/days.ts';
import { createSchedule, type Schedule, type ScheduleOptions } from './schedule.ts';

const log = createLogger({ level: 'silent' });

/** A real ledger, an index and boards that tests fill in, and schedules over them. The database's clock is the test's. */
export interface ScheduleWorld extends LedgerWorld {
  readonly figures: Map<string, Figures>;
  readonly inactive: Set<string>;
  /** Users whose places were brought up to date, one list for each time. */
  readonly refreshed: string[][];
  /** Another instance. `asksPostgres`: the database's clock is its own. */
  schedule(options?: Partial<ScheduleOptions>, asksPostgres?: true): Schedule & { readonly registry: Registry };
  /** Sets the time to noon of a day; never backwards. */
  toNoon(day: Day): Promise<void>;
  /** Sets the time; never backwards. */
  to(ms: number): Promise<void>;
  /** One analysis on each of these days, at noon. */
  beActive(userId: string, days: readonly Day[], tier?: Tier): Promise<void>;
  streakOf(
    userId: string,
  ): Promise<{ current: number; longest: number; freezes: number; last: Day | null } | undefined>;
  /** What the ledger has of a user's days and freezes, oldest first: `missed:2026-03-13`. */
  factsOf(userId: string): Promise<string[]>;
  empty(): Promise<void>;
}

export async function openScheduleWorld(): Promise<ScheduleWorld> {
  const world = await openLedgerWorld();
  const { postgres, clock, ledger } = world;
  const figures = new Map<string, Figures>();
  const inactive = new Set<string>();
  const refreshed: string[][] = [];
  const to = async (ms: number) => clock.advance(ms - clock.nowMs());
  return {
    ...world,
    figures,
    inactive,
    refreshed,
    schedule: (options = {}, asksPostgres) => {
      const registry = createMetrics();
      const schedule = createSchedule({
        postgres,
        ledger,
        boards: { refresh: async (ids) => refreshed.push([...ids]) },
        network: {
          figures: async (dids) => new Map(dids.map((did) => [did, figures.get(did) ?? NO_FIGURES])),
          inactive: async (dids) => new Set(dids.filter((did) => inactive.has(did))),
        },
        bus: { jsm: undefined as never },
        clock,
        log,
        registry,
        caughtUp: async () => true,
        ...(asksPostgres === true ? {} : { databaseNowMs: async () => clock.nowMs() }),
        ...options,
      });
      return { ...schedule, registry };
    },
    to,
    toNoon: (day) => to(startOfDay(day) + DAY_MS / 2),
    beActive: async (userId, days, tier = 'drift') => {
      for (const day of days) {
        await ledger.settle([analysis(userId, { tier, atMs: startOfDay(day) + DAY_MS / 2 })]);
      }
    },
    streakOf: (userId) => streakOf(postgres, userId),
    factsOf: async (userId) => {
      const { rows } = await postgres.query<{ event_id: string }>(
        `SELECT event_id FROM xp_transactions
         WHERE user_id = $1 AND event_type = 'daily_streak' AND event_id NOT LIKE 'day:%' ORDER BY id`,
        [userId],
      );
      return rows.map((row) => row.event_id);
    },
    empty: async () => {
      await postgres.script(
        `TRUNCATE users, xp_transactions, players, weekly_xp, player_tiers, streak_days, streaks, user_achievements,
          leaderboards, scheduled_jobs, outbox CASCADE`,
      );
      figures.clear();
      inactive.clear();
      refreshed.length = 0;
      world.offered.length = 0;
    },
  };
}

const NO_FIGURES: Figures = { networkSize: 0, trackedUsers: 0 };

async function streakOf(postgres: Postgres, userId: string) {
  const { rows } = await postgres.query<{ current: number; longest: number; freezes: number; last: Day | null }>(
    `SELECT current_streak AS current, longest_streak AS longest, freezes_left AS freezes, last_activity_date AS last
     FROM streaks WHERE user_id = $1`,
    [userId],
  );
  return rows[0];
}

/** For `vi.waitFor`: long, because only what is broken uses it up. */
export const SLOW = { timeout: 20_000, interval: 10 };

/** Runs a service until the promise that `act` gives is there. */
export async function whileRunning<T>(schedule: Schedule, act: () => Promise<T>): Promise<T> {
  const stop = new AbortController();
  const running = schedule.run(stop.signal);
  try {
    return await act();
  } finally {
    stop.abort();
    await running;
  }
}

/** Moves the time on, so that every loop comes round. */
export const passing = (world: ScheduleWorld, check: () => Promise<void>, stepMs: number) =>
  vi.waitFor(async () => {
    await world.clock.advance(stepMs);
    await check();
  }, SLOW);
