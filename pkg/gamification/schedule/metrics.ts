import { Counter, Gauge, type Registry } from '#pkg/runtime/metrics.ts';
import { type JobName, JOBS } from './job.ts';

/** How a slot of a job ended: done; failed, to be tried again; or taken over by another process. */
export const RUN_OUTCOMES = ['done', 'failed', 'lost'] as const;
export type RunOutcome = (typeof RUN_OUTCOMES)[number];

export interface ScheduleMetrics {
  ran(job: JobName, outcome: RunOutcome): void;
  doneThrough(job: JobName, ms: number): void;
}

export function scheduleMetrics(registry: Registry, nowMs: () => number): ScheduleMetrics {
  const runs = new Counter({
    name: 'skyflow_gamification_job_runs_total',
    help: 'Slots of work by the calendar, by how they ended',
    labelNames: ['job', 'outcome'],
    registers: [registry],
  });
  for (const job of JOBS) for (const outcome of RUN_OUTCOMES) runs.inc({ job, outcome }, 0);
  const doneThrough = new Map<JobName, number>();
  // oxlint-disable-next-line no-new -- it is read through the registry
  new Gauge({
    name: 'skyflow_gamification_job_done_age_seconds',
    help: 'How long ago the time ended up to which the work by the calendar is done',
    labelNames: ['job'],
    registers: [registry],
    collect() {
      for (const [job, ms] of doneThrough) this.set({ job }, Math.max(0, nowMs() - ms) / 1000);
    },
  });
  return {
    ran: (job, outcome) => runs.inc({ job, outcome }),
    doneThrough: (job, ms) => void doneThrough.set(job, ms),
  };
}
