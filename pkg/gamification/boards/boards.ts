import type { Redis } from 'ioredis';
import type { Postgres } from '#pkg/postgres/client.ts';
import type { Clock } from '#pkg/runtime/clock.ts';
import type { Service } from '#pkg/runtime/lifecycle.ts';
import type { Logger } from '#pkg/runtime/log.ts';
import { createAskRedis } from './ask-redis.ts';
import { type Builder, createBuilder } from './builder.ts';
import { type BoardReader, createBoardReader } from './read.ts';
import { createStatsCache, type StatsCache } from './stats-cache.ts';
import { type Account, createBoardWriter, type Stale } from './write.ts';

export type { Board, Placed } from './board.ts';
export type { Rebuilt, RebuildProgress } from './rebuild.ts';
export type { Account, Stale } from './write.ts';

export interface BoardsOptions {
  readonly redis: Redis;
  readonly postgres: Pick<Postgres, 'query'>;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * The leaderboards in Redis: all XP, and that of each ISO week. They follow from Postgres alone, so they can be lost. Who is hidden,
 * inactive, gone or without XP stands on none. While a store is away everything here throws a StoreAwayError.
 */
export interface Boards extends BoardReader {
  /**
   * Brings the places of these users up to date with what Postgres has, and forgets their cached stats. In any order, any number of
   * times, by any number of processes. A bare id: on every weekly board there is. Weeks that have no board any more are
   * left alone. Says of each user what `users` knows.
   */
  refresh(users: readonly (string | Stale)[]): Promise<ReadonlyMap<string, Account>>;
  /** Takes users off all boards whose rows in Postgres are gone: to be called after they were deleted. */
  remove(userIds: readonly string[]): Promise<void>;
  rebuild: Builder['rebuild'];
  ensureBuilt: Builder['ensureBuilt'];
  readonly stats: StatsCache;
  /** Builds the boards when Redis is new, was emptied, or was started again. For every process that has boards. */
  readonly service: Service;
}

export function createBoards({ redis: connection, postgres, clock, log }: BoardsOptions): Boards {
  const redis = createAskRedis(connection);
  const writer = createBoardWriter({ redis, postgres, clock, onUnbuilt: () => builder.missed() });
  const builder = createBuilder({ connection, redis, postgres, writer, clock, log });
  return {
    ...createBoardReader(redis),
    refresh: (users) => writer.refresh(users),
    remove: async (userIds) => {
      await writer.remove(userIds);
    },
    rebuild: (request) => builder.rebuild(request),
    ensureBuilt: (signal) => builder.ensureBuilt(signal),
    stats: createStatsCache(redis),
    service: builder.service,
  };
}
