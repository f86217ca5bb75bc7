import type { Redis } from 'ioredis';
import type { Postgres } from '#pkg/postgres/client.ts';
import type { Allowance } from '#pkg/rest/limiter.ts';
import type { Clock } from '#pkg/runtime/clock.ts';
import type { Logger } from '#pkg/runtime/log.ts';
import type { Registry } from '#pkg/runtime/metrics.ts';
import type { Verifier } from '#pkg/session/verifier.ts';
import type { Day, LedgerRow, PlayerState } from '../model.ts';

/** A row of the ledger as it stands there. Higher ids were written later. */
export interface StoredRow extends LedgerRow {
  readonly id: number;
}

/** What is read of the ledger, and the one thing that users may set. */
export interface LedgerReader {
  /** Undefined for who never earned anything. `version` counts the changes of what a leaderboard shows. */
  readPlayer(userId: string): Promise<(PlayerState & { readonly version: number }) | undefined>;
  /** The newest first; `before`: those with a lower id. */
  readLedger(
    userId: string,
    page: { readonly before?: number | undefined; readonly limit: number },
  ): Promise<readonly StoredRow[]>;
  /** When each was unlocked (ms since 1970), by slug. */
  readAchievements(userId: string): Promise<ReadonlyMap<string, number>>;
  setHidden(userId: string, hidden: boolean): Promise<'set' | 'unknown user' | 'left'>;
}

/** A leaderboard in Redis. */
export type Board = { readonly board: 'global' } | { readonly board: 'weekly'; readonly monday: Day };

/** Somebody's place. Those with the same XP share a rank, and the ranks that they take up are left out after it. */
export interface Placed {
  readonly userId: string;
  readonly xp: number;
  /** 1 is the first. */
  readonly rank: number;
}

/** What is read of the leaderboards; all of it rejects with ioredis' errors while Redis is away. */
export interface BoardsReader {
  top(
    board: Board,
    page: { readonly limit: number; readonly offset: number },
  ): Promise<{ readonly entries: readonly Placed[]; readonly total: number }>;
  place(board: Board, userId: string): Promise<Placed | undefined>;
  /** Those of `userIds` that stand on it, best first, with their ranks among themselves. */
  among(board: Board, userIds: readonly string[]): Promise<readonly Placed[]>;
  /** Brings these users' places up to date with Postgres, and forgets their cached stats. */
  refresh(userIds: readonly string[]): Promise<unknown>;
  /** `user:stats:{user_id}`, for five minutes. */
  readonly stats: {
    read(userId: string): Promise<string | undefined>;
    /** `version`: of the player when it was read. What is older than the last refresh is not kept. */
    write(userId: string, text: string, version?: number): Promise<unknown>;
  };
}

/** Who follows whom, by the index. */
export interface NetworkReader {
  /** The accounts that `did` follows; of very many only a part. */
  following(did: string): Promise<readonly string[]>;
}

/** What callers may do. */
export interface GamificationRestLimits {
  /** Requests of one user; of one address (IPv6: one /64) where nobody is signed in. */
  readonly requests: Allowance;
  readonly maxBodyBytes: number;
}

/** What the REST app is made of. */
export interface GamificationRestParts {
  readonly postgres: Postgres;
  readonly redis: Redis;
  readonly verifier: Verifier;
  readonly ledger: LedgerReader;
  readonly boards: BoardsReader;
  readonly network: NetworkReader;
  /** Where people reach this server, with or without a slash at the end. */
  readonly publicUrl: string;
  /** How many proxies of ours stand in front; default 0. */
  readonly trustedProxies?: number;
  readonly clock: Clock;
  readonly log: Logger;
  readonly registry: Registry;
  readonly limits?: Partial<GamificationRestLimits>;
}
