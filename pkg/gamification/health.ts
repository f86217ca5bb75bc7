import { readSql } from '#pkg/clickhouse/query.ts';
import type { Postgres } from '#pkg/postgres/client.ts';
import { onPostgres } from '#pkg/rest/away.ts';

/** How one kind of work by the calendar is doing, over all processes. */
export interface JobHealth {
  readonly job: string;
  /** ISO 8601: all before this is done. */
  readonly doneThrough: string;
  /** Somebody is at it. */
  readonly atWork: boolean;
}

/** Of the whole installation, whichever process is asked. */
export interface GamificationHealth {
  /** Empty where no calendar ever ran. */
  readonly jobs: readonly JobHealth[];
}

const HEALTH = readSql(import.meta.url, 'health.sql');

/** Asks Postgres. Rejects with a StoreAwayError while it is away. */
export async function readHealth(postgres: Pick<Postgres, 'query'>): Promise<GamificationHealth> {
  const { rows } = await onPostgres(postgres.query<{ job: string; done_through: Date; at_work: boolean }>(HEALTH));
  return {
    jobs: rows.map(({ job, done_through, at_work }) => ({
      job,
      doneThrough: done_through.toISOString(),
      atWork: at_work,
    })),
  };
}
