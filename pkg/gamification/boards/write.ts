import { readSql } from '#pkg/clickhouse/query.ts';
import type { Postgres } from '#pkg/postgres/client.ts';
import { onPostgres } from '#pkg/rest/away.ts';
import type { Clock } from '#pkg/runtime/clock.ts';
import type { Day } from '../model.ts';
import { WEEKLY_BOARD_TTL_S } from '../rules/amounts.ts';
import { mondayOf, nextWeek, previousWeek } from '../rules/weeks.ts';
import type { AskRedis } from './ask-redis.ts';
import { KEYS, weekKeys } from './board.ts';
import { REMOVE, WRITE } from './scripts.ts';

/** A user whose places are to be brought up to date: on the global board, and on those of these weeks. */
export interface Stale {
  readonly userId: string;
  /** Mondays. */
  readonly weeks: readonly Day[];
}

/** What there is to know of a user: no row in `users`, one that says they left, or one. */
export type Account = 'unknown' | 'left' | 'known';

export interface BoardWriterOptions {
  readonly redis: AskRedis;
  readonly postgres: Pick<Postgres, 'query'>;
  readonly clock: Clock;
  /** Called when a board was written and the marker is missing: Redis may have lost the rest of them. */
  readonly onUnbuilt: () => void;
}

export interface BoardWriter {
  refresh(users: readonly (string | Stale)[]): Promise<ReadonlyMap<string, Account>>;
  /** `always`: also where nobody stood there, count that a reading of Postgres from before may not put them back. */
  remove(userIds: readonly string[], options?: { readonly always: boolean }): Promise<number>;
  /** The weeks that have a board: the one that is over, this one, and the next, for clocks that are ahead of ours. */
  weeks(): readonly [Day, Day, Day];
}

const STANDINGS = readSql(import.meta.url, 'standings.sql');

/** A script keeps everybody else waiting while it runs. */
const USERS_AT_ONCE = 500;
/** Each try more means that in the moment between two statements somebody else was taken out. */
const MAX_TRIES = 20;

interface Row {
  user_id: string;
  week: Day | null;
  account: Account;
  version: number | null;
  xp: number | null;
  week_xp: number | null;
}

export function createBoardWriter({ redis, postgres, clock, onUnbuilt }: BoardWriterOptions): BoardWriter {
  let removals: string | undefined;

  const weeks = (): readonly [Day, Day, Day] => {
    const monday = mondayOf(clock.nowMs());
    return [previousWeek(monday), monday, nextWeek(monday)];
  };

  const remove = async (userIds: readonly string[], { always } = { always: true }): Promise<number> => {
    const keys = [KEYS.removals, KEYS.global, KEYS.versions, ...weeks().flatMap(weekKeys)];
    let gone = 0;
    for (let at = 0; at < userIds.length; at += USERS_AT_ONCE) {
      const values = [always ? '1' : '0', KEYS.statsPrefix, ...userIds.slice(at, at + USERS_AT_ONCE)];
      gone += Number(await redis((client) => client.eval(REMOVE, keys.length, ...keys, ...values)));
    }
    return gone;
  };

  /** True where it was written; false where the rows are too old to be. */
  const write = async (rows: readonly Row[]): Promise<boolean> => {
    const { keys, values } = written(rows);
    removals ??= (await redis((client) => client.get(KEYS.removals))) ?? '0';
    const [now, wrote, built] = (await redis((client) =>
      client.eval(WRITE, keys.length, ...keys, removals ?? '0', WEEKLY_BOARD_TTL_S * 1000, KEYS.statsPrefix, ...values),
    )) as [string, number, number];
    removals = now;
    if (wrote === 1 && built === 0) onUnbuilt();
    return wrote === 1;
  };

  const refreshSome = async (users: readonly Stale[]): Promise<readonly Row[]> => {
    const kept = new Set(weeks());
    const pairs = users.flatMap(({ userId, weeks }): { userId: string; week: Day | null }[] => {
      const shown = [...new Set(weeks)].filter((week) => kept.has(week));
      return shown.length === 0 ? [{ userId, week: null }] : shown.map((week) => ({ userId, week }));
    });
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
      // Known before Postgres is read, or it would say nothing of what happened meanwhile.
      removals ??= (await redis((client) => client.get(KEYS.removals))) ?? '0';
      const params = [pairs.map(({ userId }) => userId), pairs.map(({ week }) => week)];
      const { rows } = await onPostgres(postgres.query<Row>(STANDINGS, params));
      if (!(await write(rows.filter(({ version }) => version !== null)))) continue;
      const gone = rows.filter(({ version }) => version === null).map(({ user_id }) => user_id);
      if (gone.length > 0) await remove([...new Set(gone)], { always: false });
      return rows;
    }
    throw new Error(`somebody was taken off the leaderboards during each of ${MAX_TRIES} tries to write others`);
  };

  return {
    weeks,
    remove,
    refresh: async (users) => {
      const all = weeks();
      const stale = users.map((user) => (typeof user === 'string' ? { userId: user, weeks: all } : user));
      const found = new Map<string, Account>();
      for (let at = 0; at < stale.length; at += USERS_AT_ONCE) {
        const rows = await refreshSome(stale.slice(at, at + USERS_AT_ONCE));
        for (const { user_id, account } of rows) found.set(user_id, account);
      }
      return found;
    },
  };
}

/** The keys of the script, and its values from the number of users on. */
function written(rows: readonly Row[]): { keys: string[]; values: (string | number)[] } {
  const weeks = [...new Set(rows.flatMap(({ week }) => (week === null ? [] : [week])))];
  const users = new Map<string, { readonly place: number; readonly row: Row }>();
  for (const row of rows) {
    if (!users.has(row.user_id)) users.set(row.user_id, { place: users.size + 1, row });
  }
  const placeOf = (userId: string): number => users.get(userId)?.place ?? 0;
  const totals = [...users.values()].flatMap(({ place, row }) => [0, place, row.xp ?? '']);
  const ofWeeks = rows.flatMap(({ user_id, week, week_xp }) =>
    week === null ? [] : [weeks.indexOf(week) + 1, placeOf(user_id), week_xp ?? ''],
  );
  return {
    keys: [KEYS.removals, KEYS.built, KEYS.global, KEYS.versions, ...weeks.flatMap(weekKeys)],
    values: [
      users.size,
      ...[...users.values()].flatMap(({ row }) => [row.user_id, row.version ?? 0]),
      ...totals,
      ...ofWeeks,
    ],
  };
}
