import type { Hono } from 'hono';
import type { Redis } from 'ioredis';
import type { Bus } from '#pkg/bus/client.ts';
import type { BusEvent } from '#pkg/bus/events.ts';
import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import type { Postgres } from '#pkg/postgres/client.ts';
import type { Clock } from '#pkg/runtime/clock.ts';
import type { Service } from '#pkg/runtime/lifecycle.ts';
import type { Logger } from '#pkg/runtime/log.ts';
import type { Registry } from '#pkg/runtime/metrics.ts';
import type { Verifier } from '#pkg/session/verifier.ts';
import { type Boards, createBoards } from './boards/boards.ts';
import { achievementChecker } from './consumers/achievement-checker.ts';
import { timelineXpAwarder } from './consumers/awarder.ts';
import { leaderboardUpdater } from './consumers/leaderboard-updater.ts';
import { userIndexer } from './consumers/user-indexer.ts';
import { createLedger, type Ledger } from './ledger/ledger.ts';
import { type GamificationHealth, readHealth } from './health.ts';
import { createNetwork } from './network/network.ts';
import { rebuild, type RebuildOptions, type RebuildResult } from './rebuild.ts';
import type { GamificationRestLimits } from './rest/ports.ts';
import { createGamificationRest } from './rest/rest.ts';
import { createSchedule, type Schedule, type ScheduleOptions } from './schedule/schedule.ts';

/** What gamification stands on. */
export interface GamificationOptions {
  /** Migrated. */
  readonly postgres: Postgres;
  readonly redis: Redis;
  readonly bus: Bus;
  /** Of this process, and run by it: is told of the events that stand in the outbox. */
  readonly relay: { offer(events: readonly BusEvent[]): void };
  /** Migrated. Only read: whom users follow. */
  readonly store: ClickHouse;
  readonly verifier: Verifier;
  /** Where people reach this server. */
  readonly publicUrl: string;
  /** How many proxies of ours stand in front; default 0. */
  readonly trustedProxies?: number;
  readonly limits?: Partial<GamificationRestLimits>;
  /** For tests, whose clocks are their own. */
  readonly calendar?: Pick<ScheduleOptions, 'caughtUp' | 'databaseNowMs' | 'leaseMs'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly registry: Registry;
}

/** Gamification, to be served and run. */
export interface Gamification {
  /** Answers `GAMIFICATION_PATHS`. */
  readonly app: Hono;
  /** The four consumers, the calendar, and what looks after the boards in Redis. */
  readonly services: readonly Service[];
  readonly health: () => Promise<GamificationHealth>;
  /** What it is made of: for tests, and for who needs one part alone. */
  readonly parts: { readonly ledger: Ledger; readonly boards: Boards; readonly schedule: Schedule };
  readonly rebuild: (options?: RebuildOptions) => Promise<RebuildResult>;
}

/** Puts gamification together. Nothing is opened here, and nothing runs until the services do. */
export function createGamification(options: GamificationOptions): Gamification {
  const { postgres, redis, bus, relay, store, clock, log, registry } = options;
  const ledger = createLedger({ postgres, relay, clock, log, registry });
  const boards = createBoards({ redis, postgres, clock, log });
  const network = createNetwork({ store, clock });
  const common = { bus, clock, log, registry };
  const schedule = createSchedule({ ...common, ...options.calendar, postgres, ledger, boards, network });
  return {
    app: createGamificationRest({ ...options, ledger, boards, network }),
    services: [
      timelineXpAwarder({ ...common, ledger }),
      achievementChecker({ ...common, ledger, network }),
      userIndexer({ ...common, ledger, boards }),
      leaderboardUpdater({ ...common, boards }),
      schedule,
      boards.service,
    ],
    health: () => readHealth(postgres),
    parts: { ledger, boards, schedule },
    rebuild: (asked) => rebuild({ ledger, boards }, asked),
  };
}
