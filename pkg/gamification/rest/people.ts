import { readSql } from '#pkg/clickhouse/query.ts';
import type { Postgres } from '#pkg/postgres/client.ts';
import { onPostgres } from '#pkg/rest/away.ts';

/** A user, as far as others may learn of them. */
export interface Person {
  readonly userId: string;
  readonly handle: string | null;
  /** They do not want to be seen, or the network says that their account is gone. */
  readonly shown: boolean;
  /** Their own choice. */
  readonly hidden: boolean;
}

/** A user on a leaderboard. */
export interface Entrant {
  readonly handle: string | null;
  readonly xpTotal: number;
}

/** Users, read from Postgres: who is there, and who may be shown. Those who have left are not there. */
export interface People {
  find(userId: string): Promise<Person | undefined>;
  /** By id, those who may be shown to `viewer`: everybody but the hidden, who may see themselves. */
  entrants(userIds: readonly string[], viewer: string | undefined): Promise<ReadonlyMap<string, Entrant>>;
}

const PERSON = readSql(import.meta.url, 'person.sql');
const PEOPLE = readSql(import.meta.url, 'people.sql');

/** Asks Postgres each time: whoever hides or leaves is gone from the next answer. Rejects with a StoreAwayError. */
export const createPeople = (postgres: Postgres): People => ({
  async find(userId) {
    const { rows } = await onPostgres(
      postgres.query<{ did: string; handle: string | null; hidden: boolean; inactive: boolean }>(PERSON, [userId]),
    );
    const [row] = rows;
    if (row === undefined) return undefined;
    const { did, handle, hidden, inactive } = row;
    return { userId: did, handle, hidden, shown: !hidden && !inactive };
  },

  async entrants(userIds, viewer) {
    if (userIds.length === 0) return new Map();
    const { rows } = await onPostgres(
      postgres.query<{ did: string; handle: string | null; xp_total: number }>(PEOPLE, [userIds, viewer ?? '']),
    );
    return new Map(rows.map(({ did, handle, xp_total }) => [did, { handle, xpTotal: xp_total }]));
  },
});
