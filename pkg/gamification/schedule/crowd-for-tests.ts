import type { Day } from '../model.ts';
import { startOfDay } from '../rules/days.ts';
import type { ScheduleWorld } from './schedule-for-tests.ts';

const DAY: Day = '2026-03-13';
export const PEOPLE = 1_203;
export const idOf = (at: number): string => `did:plc:u${String(at).padStart(6, '0')}`;

/**
 * So many users with a streak of one day that ended on `DAY`, as the ledger leaves them: every third has freezes, and what each did
 * is over.
 */
export const fillWorld = async (world: ScheduleWorld): Promise<void> => {
  const ids = Array.from({ length: PEOPLE }, (_, at) => idOf(at));
  const tiers = ids.map((_, at) => (at % 3 === 0 ? 'orbit' : 'lift'));
  await world.postgres.query(`INSERT INTO users (did, tier) SELECT * FROM unnest($1::text[], $2::text[])`, [
    ids,
    tiers,
  ]);
  await world.postgres.query(
    `INSERT INTO players (user_id, tier, xp_total, analyses) SELECT *, 5, 1 FROM unnest($1::text[], $2::text[])`,
    [ids, tiers],
  );
  await world.postgres.query(
    `INSERT INTO streaks (user_id, current_streak, longest_streak, last_activity_date, streak_start_date, freezes_left)
     SELECT id, 1, 1, $2::date, $2::date, 2 FROM unnest($1::text[]) AS id`,
    [ids, DAY],
  );
  await world.postgres.query(
    `INSERT INTO streak_days (user_id, day, kind) SELECT id, $2::date, 'active' FROM unnest($1::text[]) AS id`,
    [ids, DAY],
  );
  await world.postgres.query(`INSERT INTO scheduled_jobs (job, done_through) VALUES ('days', $1), ('weeks', $2)`, [
    new Date(startOfDay('2026-03-14')),
    new Date(startOfDay('2026-03-09')),
  ]);
};

/** All that the days did. */
export const resultOf = async (world: ScheduleWorld) => {
  const read = async (sql: string) => (await world.postgres.query(sql)).rows;
  return {
    facts: await read(
      `SELECT user_id, event_id, occurred_at FROM xp_transactions ORDER BY user_id, event_id COLLATE "C"`,
    ),
    streaks: await read(`SELECT * FROM streaks ORDER BY user_id`),
    days: await read(`SELECT * FROM streak_days ORDER BY user_id, day`),
    jobs: await read(`SELECT * FROM scheduled_jobs WHERE job <> 'sweep' ORDER BY job`),
  };
};
