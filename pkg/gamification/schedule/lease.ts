import type { Postgres } from '#pkg/postgres/client.ts';
import { onPostgres } from '#pkg/rest/away.ts';
import type { Clock } from '#pkg/runtime/clock.ts';
import { isAbortError } from '#pkg/runtime/errors.ts';
import { scheduleSql } from './sql.ts';

/** The right to work at a job, which nobody else has meanwhile; renewed until it is released. */
export interface Lease {
  /** Until when the job is done, ms since 1970. */
  readonly doneThroughMs: number;
  /** Aborts with a LeaseLostError when somebody else has it: this process stood still for too long. */
  readonly signal: AbortSignal;
  /** Notes how far it is done now. @throws LeaseLostError */
  advance(doneThroughMs: number): Promise<void>;
  release(): Promise<void>;
}

/** Somebody else has taken the job in hand. */
export class LeaseLostError extends Error {
  override readonly name = 'LeaseLostError';
  constructor(job: string) {
    super(`another process works at ${job} now`);
  }
}

export interface LeaseOptions {
  readonly postgres: Pick<Postgres, 'query'>;
  readonly clock: Clock;
  /** By which leases end; all who lease go by it, so it is the database's. */
  readonly databaseNowMs: () => Promise<number>;
  /** Names this process, and no other. */
  readonly owner: string;
  /** How long a lease outlives a process that died with it. */
  readonly lifetimeMs: number;
}

export interface Leases {
  /** Until when a job is done; undefined where it never ran. */
  doneThrough(job: string): Promise<number | undefined>;
  /** Undefined where somebody else has it. `firstMs`: until when it counts as done where it never ran. */
  take(job: string, firstMs: number): Promise<Lease | undefined>;
}

const sql = {
  read: scheduleSql('read-job'),
  take: scheduleSql('take-lease'),
  renew: scheduleSql('renew-lease'),
  advance: scheduleSql('advance-job'),
  release: scheduleSql('release-lease'),
};

export function createLeases({ postgres, clock, databaseNowMs, owner, lifetimeMs }: LeaseOptions): Leases {
  const run = async <Row>(text: string, params: readonly unknown[]): Promise<readonly Row[]> =>
    (await onPostgres(postgres.query<Row>(text, params))).rows;

  /** Taken by this process. One that is not is free for it whoever Postgres says has it: giving it back may have failed. */
  const held = new Set<string>();

  const hold = (job: string, doneThroughMs: number): Lease => {
    const lost = new AbortController();
    const done = new AbortController();
    const renew = async (): Promise<void> => {
      while (!lost.signal.aborted) {
        await clock.sleep(lifetimeMs / 3, done.signal);
        // What cannot be asked now is asked again; without Postgres nobody else takes it either.
        const rows = await databaseNowMs()
          .then((nowMs) => run(sql.renew, [job, owner, new Date(nowMs + lifetimeMs)]))
          .catch(() => undefined);
        if (rows?.length === 0 && !done.signal.aborted) lost.abort(new LeaseLostError(job));
      }
    };
    renew().catch((error: unknown) => {
      if (!isAbortError(error)) throw error;
    });
    return {
      doneThroughMs,
      signal: lost.signal,
      advance: async (toMs) => {
        const rows = await run(sql.advance, [job, owner, new Date(toMs)]);
        if (rows.length === 0) throw new LeaseLostError(job);
      },
      release: async () => {
        done.abort();
        held.delete(job);
        await run(sql.release, [job, owner]);
      },
    };
  };

  const tryToTake = async (job: string, firstMs: number): Promise<Lease | undefined> => {
    const nowMs = await databaseNowMs();
    const params = [job, new Date(firstMs), owner, new Date(nowMs + lifetimeMs), new Date(nowMs)];
    const [row] = await run<{ done_through: Date }>(sql.take, params);
    return row === undefined ? undefined : hold(job, row.done_through.getTime());
  };

  return {
    doneThrough: async (job) => (await run<{ done_through: Date }>(sql.read, [job]))[0]?.done_through.getTime(),
    take: async (job, firstMs) => {
      if (held.has(job)) return undefined;
      held.add(job);
      const lease = await tryToTake(job, firstMs).catch((error: unknown) => {
        held.delete(job);
        throw error;
      });
      if (lease === undefined) held.delete(job);
      return lease;
    },
  };
}
