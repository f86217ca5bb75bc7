import { readSql } from '#pkg/clickhouse/query.ts';
import type { Postgres } from '#pkg/postgres/client.ts';
import { onPostgres } from '#pkg/rest/away.ts';
import type { Placed } from './ports.ts';

/** Which part of a week that is over is asked for, and by whom. */
export interface ArchivePage {
  readonly limit: number;
  readonly offset: number;
  readonly viewer: string | undefined;
}

/** Weeks that are over, as they ended. */
export interface Archive {
  /** Undefined where none of this week is kept: nobody earned anything, or it is not archived yet. Rejects with a StoreAwayError. */
  read(
    week: string,
    page: ArchivePage,
  ): Promise<{ entries: readonly Placed[]; total: number; you: Placed | undefined } | undefined>;
}

const PAGE = readSql(import.meta.url, 'archived.sql');
const PLACE = readSql(import.meta.url, 'archived-place.sql');

export const createArchive = (postgres: Postgres): Archive => ({
  async read(week, { limit, offset, viewer }) {
    const place = await onPostgres(
      postgres.query<{ total: number; rank: number | null; xp: number | null }>(PLACE, [week, viewer ?? '']),
    );
    const { total = 0, rank, xp } = place.rows[0] ?? {};
    if (total === 0) return undefined;
    const { rows } = await onPostgres(
      postgres.query<{ user_id: string; rank: number; xp: number }>(PAGE, [week, limit, offset]),
    );
    return {
      entries: rows.map(({ user_id, ...placed }) => ({ userId: user_id, ...placed })),
      total,
      you: viewer === undefined || rank == null || xp == null ? undefined : { userId: viewer, rank, xp },
    };
  },
});
