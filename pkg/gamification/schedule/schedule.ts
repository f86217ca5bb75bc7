import { randomUUID } from 'node:crypto';
import type { Bus } from '#pkg/bus/client.ts';
import type { Postgres } from '#pkg/postgres/client.ts';
import { onPostgres, StoreAwayError } from '#pkg/rest/away.ts';
import type { Clock } from '#pkg/runtime/clock.ts';
import { isAbortError } from '#pkg/runtime/errors.ts';
import type { Service } from '#pkg/runtime/lifecycle.ts';
import type { Logger } from '#pkg/runtime/log.ts';
import type { Registry } from '#pkg/runtime/metrics.ts';
import type { Network } from '../network/network.ts';
import { type CaughtUp, createCaughtUp, untilCaughtUp } from './caught-up.ts';
import { createDaysJob } from './days.ts';
import type { Job } from './job.ts';
import { createLeases } from './lease.ts';
import { scheduleMetrics } from './metrics.ts';
import { runDue } from './runner.ts';
import type { DeedSettler } from './settle-all.ts';
import { scheduleSql } from './sql.ts';
import { type BoardRefresher, createSweepJob } from './sweep.ts';
import { createWeeksJob } from './weeks.ts';

export interface ScheduleOptions {
  readonly postgres: Pick<Postgres, 'query'>;
  readonly ledger: DeedSettler;
  readonly boards: BoardRefresher;
  readonly network: Pick<Network, 'figures' | 'inactive'>;
  readonly bus: Pick<Bus, 'jsm'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly registry: Registry;
  /** Default: asks NATS. */
  readonly caughtUp?: CaughtUp;
  /** Default: asks Postgres. */
  readonly databaseNowMs?: () => Promise<number>;
  /** For how long a process that died keeps others from its work; default 60 s. */
  readonly leaseMs?: number;
}

/** The work by the calendar. */
export interface Schedule extends Service {
  /** Does all that is due now, and nothing that another process is at. Rejects where something failed. */
  runDue(signal?: AbortSignal): Promise<void>;
}

/** How often each job looks whether it is due. */
const LOOK_EVERY_MS = 10_000;
const NOW = scheduleSql('database-now');

/**
 * Judges days, gives freezes, archives weeks and sweeps: once over all processes, and later what could not be done in time. Any
 * number of processes may run it; which of them works is decided job by job by a lease in Postgres.
 */
export function createSchedule(options: ScheduleOptions): Schedule {
  const { postgres, ledger, clock, registry } = options;
  const log = options.log.child({ component: 'schedule' });
  const databaseNowMs = options.databaseNowMs ?? (() => readDatabaseNow(postgres));
  const lifetimeMs = options.leaseMs ?? 60_000;
  const patience = { caughtUp: options.caughtUp ?? createCaughtUp(options.bus), clock, log };
  const whenCaughtUp = (slotMs: number, signal: AbortSignal) => untilCaughtUp(patience, slotMs, signal);
  const jobs: readonly Job[] = [
    createDaysJob({ postgres, ledger, untilCaughtUp: whenCaughtUp, log }),
    createWeeksJob({ postgres, untilCaughtUp: whenCaughtUp, log }),
    createSweepJob({ ...options, log }),
  ];
  const runner = {
    leases: createLeases({ postgres, clock, databaseNowMs, owner: randomUUID(), lifetimeMs }),
    // A clock that jumped ahead ends no day: the other one must have come as far.
    nowMs: async () => Math.min(clock.nowMs(), await databaseNowMs()),
    log,
    metrics: scheduleMetrics(registry, () => clock.nowMs()),
  };

  const keepRunning = async (job: Job, signal: AbortSignal): Promise<void> => {
    while (!signal.aborted) {
      try {
        await runDue(runner, job, signal);
      } catch (error) {
        if (signal.aborted) return;
        const level = error instanceof StoreAwayError ? 'warn' : 'error';
        log[level]({ err: error, job: job.name }, 'work by the calendar failed; trying again');
      }
      await clock.sleep(LOOK_EVERY_MS, signal).catch((error: unknown) => {
        if (!isAbortError(error)) throw error;
      });
    }
  };

  return {
    name: 'schedule',
    runDue: async (signal = new AbortController().signal) => {
      for (const job of jobs) await runDue(runner, job, signal);
    },
    run: async (signal) => {
      await Promise.all(jobs.map((job) => keepRunning(job, signal)));
    },
  };
}

async function readDatabaseNow(postgres: Pick<Postgres, 'query'>): Promise<number> {
  const { rows } = await onPostgres(postgres.query<{ now: Date }>(NOW));
  const [row] = rows;
  if (row === undefined) throw new TypeError('now() returned no row');
  return row.now.getTime();
}
