import type { Postgres } from '#pkg/postgres/client.ts';
import { makeAndLock } from './players.ts';
import { rebuildUsers } from './rebuild-users.ts';
import { ledgerSql } from './sql.ts';

const NEXT = ledgerSql('next-users');
const COUNT = ledgerSql('count-users');

/** Users of one transaction: whoever settles for one of them waits as long as it takes. */
const CHUNK = 50;

/** How far a rebuild is. */
export interface RebuildProgress {
  /** Users done. */
  readonly users: number;
  /** Users there were when it began. */
  readonly of: number;
  /** Rows of the ledger read. */
  readonly rows: number;
  /** Rows whose running total is not the sum of those before: 0 unless somebody changed the ledger by hand. */
  readonly wrongTotals: number;
}

/**
 * Makes all that follows from the ledger again, for all users who are here, some at a time. May run beside everything else,
 * stop anywhere and run again.
 */
export async function rebuildAll(
  postgres: Postgres,
  onProgress: ((progress: RebuildProgress) => void) | undefined,
): Promise<RebuildProgress> {
  const counted = await postgres.query<{ users: number }>(COUNT);
  let progress: RebuildProgress = { users: 0, of: counted.rows[0]?.users ?? 0, rows: 0, wrongTotals: 0 };
  for (let after = ''; ;) {
    const next = await postgres.query<{ user_id: string }>(NEXT, [after, CHUNK]);
    const userIds = next.rows.map((row) => row.user_id);
    const last = userIds.at(-1);
    if (last === undefined) return progress;
    const { rows, wrongTotals } = await postgres.transaction(async (tx) => {
      const { locked } = await makeAndLock(tx, userIds);
      return rebuildUsers(tx, locked);
    });
    progress = {
      ...progress,
      users: progress.users + userIds.length,
      rows: progress.rows + rows,
      wrongTotals: progress.wrongTotals + wrongTotals,
    };
    onProgress?.(progress);
    after = last;
  }
}
