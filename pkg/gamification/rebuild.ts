import type { Redis } from 'ioredis';
import type { Postgres } from '#pkg/postgres/client.ts';
import type { Clock } from '#pkg/runtime/clock.ts';
import type { Logger } from '#pkg/runtime/log.ts';
import { createMetrics } from '#pkg/runtime/metrics.ts';
import { type Boards, createBoards } from './boards/boards.ts';
import { createLedger, type Ledger } from './ledger/ledger.ts';

/** How far a rebuild is: of the users, first in Postgres, then in Redis. */
export interface RebuildStep {
  readonly of: 'ledger' | 'leaderboards';
  readonly done: number;
  readonly total: number;
}

/** What a rebuild found. */
export interface RebuildResult {
  /** Users whose XP, streak, achievements and weeks were made again. */
  readonly users: number;
  /** Rows of the ledger read. */
  readonly rows: number;
  /** Rows whose running total is not the sum of those before: 0 unless somebody changed the ledger by hand. */
  readonly wrongTotals: number;
  /** Who stood on a leaderboard without being anybody in Postgres. */
  readonly removed: number;
}

export interface RebuildOptions {
  readonly onProgress?: ((step: RebuildStep) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Makes all that follows from the ledger again: players, streaks, achievements and weeks in Postgres, then the leaderboards in
 * Redis, and forgets cached stats. May run beside everything else, stop anywhere and run again.
 */
export async function rebuild(
  { ledger, boards }: { readonly ledger: Pick<Ledger, 'rebuildFromLedger'>; readonly boards: Pick<Boards, 'rebuild'> },
  { onProgress, signal }: RebuildOptions = {},
): Promise<RebuildResult> {
  const { users, rows, wrongTotals } = await ledger.rebuildFromLedger({
    onProgress: (progress) => {
      signal?.throwIfAborted();
      onProgress?.({ of: 'ledger', done: progress.users, total: progress.of });
    },
  });
  const { removed } = await boards.rebuild({
    onProgress: (progress) => onProgress?.({ of: 'leaderboards', ...progress }),
    ...(signal === undefined ? {} : { signal }),
  });
  return { users, rows, wrongTotals, removed };
}

/** The same for a command that has the two stores and nothing else; Postgres is to be migrated. */
export function rebuildStores(
  stores: { readonly postgres: Postgres; readonly redis: Redis; readonly clock: Clock; readonly log: Logger },
  options: RebuildOptions = {},
): Promise<RebuildResult> {
  // A rebuild tells nobody anything: all of it was told when it was earned.
  const ledger = createLedger({ ...stores, relay: { offer: () => undefined }, registry: createMetrics() });
  return rebuild({ ledger, boards: createBoards(stores) }, options);
}
