import type { Postgres } from '#pkg/postgres/client.ts';
import { onPostgres } from '#pkg/rest/away.ts';
import type { Logger } from '#pkg/runtime/log.ts';
import { ARCHIVED_PLACES } from '../rules/amounts.ts';
import { startOfDay } from '../rules/days.ts';
import { endOfWeek, mondayOf, weekName } from '../rules/weeks.ts';
import type { Job } from './job.ts';
import { scheduleSql } from './sql.ts';

export interface WeeksOptions {
  readonly postgres: Pick<Postgres, 'query'>;
  /** Resolves when what happened before a slot's end is counted. */
  readonly untilCaughtUp: (slotMs: number, signal: AbortSignal) => Promise<void>;
  readonly log: Logger;
}

const ARCHIVE = scheduleSql('archive-week');

/** Each Monday 00:00 UTC: keeps the first thousand of the week that ended, for good. After downtime one week after the other. */
export const createWeeksJob = ({ postgres, untilCaughtUp, log }: WeeksOptions): Job => ({
  name: 'weeks',
  // A day of the week that is judged late may still bring XP for it: a freeze that joins two runs.
  follows: 'days',
  firstMs: (nowMs) => startOfDay(mondayOf(nowMs)),
  dueMs: (doneThroughMs) => endOfWeek(mondayOf(doneThroughMs)),
  afterMs: ({ doneThroughMs }) => endOfWeek(mondayOf(doneThroughMs)),
  work: async ({ doneThroughMs }, signal) => {
    const monday = mondayOf(doneThroughMs);
    const week = weekName(monday);
    await untilCaughtUp(doneThroughMs, signal);
    const { rows } = await onPostgres(postgres.query(ARCHIVE, [monday, week, ARCHIVED_PLACES]));
    log.info({ week, places: rows.length }, 'a week of the leaderboard is archived');
  },
});
