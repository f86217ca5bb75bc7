import type { Logger } from '#pkg/runtime/log.ts';
import type { Job } from './job.ts';
import { type Lease, LeaseLostError, type Leases } from './lease.ts';
import type { ScheduleMetrics } from './metrics.ts';

export interface RunnerOptions {
  readonly leases: Leases;
  /** The time by which slots end: a slot is over when our clock and the database's both say so. */
  readonly nowMs: () => Promise<number>;
  readonly log: Logger;
  readonly metrics: ScheduleMetrics;
}

/** Does what is due of a job, one slot after the other, unless another process is at it. Rejects where a slot failed. */
export async function runDue(options: RunnerOptions, job: Job, signal: AbortSignal): Promise<void> {
  const { leases, metrics } = options;
  const known = await leases.doneThrough(job.name);
  if (known !== undefined) metrics.doneThrough(job.name, known);
  if (known !== undefined && job.dueMs(known) > (await overMs(options, job))) return;
  const lease = await leases.take(job.name, job.firstMs(await options.nowMs()));
  if (lease === undefined) return;
  try {
    await workThrough(options, { job, lease }, AbortSignal.any([signal, lease.signal]));
  } finally {
    await lease.release();
  }
}

/** Up to when slots are over for a job. */
async function overMs({ leases, nowMs }: RunnerOptions, { follows }: Job): Promise<number> {
  const now = await nowMs();
  if (follows === undefined) return now;
  // Where the other never ran it is about to begin: nothing is over before it has.
  return Math.min(now, (await leases.doneThrough(follows)) ?? -Infinity);
}

async function workThrough(
  options: RunnerOptions,
  { job, lease }: { readonly job: Job; readonly lease: Lease },
  signal: AbortSignal,
): Promise<void> {
  const { log, metrics } = options;
  let doneThroughMs = lease.doneThroughMs;
  try {
    for (;;) {
      metrics.doneThrough(job.name, doneThroughMs);
      signal.throwIfAborted();
      const slot = { doneThroughMs, nowMs: await overMs(options, job) };
      if (job.dueMs(doneThroughMs) > slot.nowMs) return;
      await job.work(slot, signal);
      doneThroughMs = job.afterMs(slot);
      await lease.advance(doneThroughMs);
      metrics.ran(job.name, 'done');
    }
  } catch (error) {
    if (error instanceof LeaseLostError || lease.signal.aborted) {
      log.warn({ job: job.name }, 'another process has taken over work by the calendar');
      metrics.ran(job.name, 'lost');
      return;
    }
    if (!signal.aborted) metrics.ran(job.name, 'failed');
    throw error;
  }
}
