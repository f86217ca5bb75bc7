import type { Redis } from 'ioredis';
import type { Clock } from '#pkg/runtime/clock.ts';
import type { Logger } from '#pkg/runtime/log.ts';
import type { Registry } from '#pkg/runtime/metrics.ts';
import { orLate } from '#pkg/runtime/waiting.ts';
import type { Catalogue, FeedHealth, Ranker, Rankings } from '../parts.ts';
import { type Freshness, isStale } from './freshness.ts';
import { createMemory } from './memory.ts';
import { registerRankingsMetrics } from './metrics.ts';
import { createRefresher } from './refresher.ts';
import { createRoster } from './roster.ts';
import { createSharing } from './sharing.ts';
import { softRedis } from '#pkg/redis/soft-redis.ts';
import { createStorage } from './storage.ts';

export interface RankingsOptions {
  readonly redis: Redis;
  readonly ranker: Ranker;
  readonly catalogue: Pick<Catalogue, 'feeds'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly registry: Registry;
  /** Posts that are kept in this process, of all rankings together; some 400 bytes each. */
  readonly maxPosts?: number;
}

/** How long the first visitor of a feed waits for its first ranking. */
const firstRankingMs = 5_000;

const healthOf = (state: Freshness, nowMs: number): FeedHealth => ({
  rkey: state.feed.rkey,
  rankedAtMs: state.current?.rankedAtMs,
  posts: state.current?.posts.length ?? 0,
  failures: state.failures,
  error: state.error,
  stale: isStale(state, nowMs),
});

/**
 * Rankings in Redis, and those that were asked for last in this process, so that a request asks Redis nothing.
 *
 * While Redis is away each instance ranks for itself and serves what it has. Such a ranking can be paged on this instance only,
 * until Redis is back: then the current ones are stored.
 */
export const createRankings = (options: RankingsOptions): Rankings => {
  const { ranker, catalogue, clock, log, registry, maxPosts = 200_000 } = options;
  const redis = softRedis(options.redis, clock);
  const storage = createStorage(redis);
  const memory = createMemory(maxPosts, clock);
  const roster = createRoster(catalogue);
  const sharing = createSharing({ storage, memory, roster, clock, log });
  const refresher = createRefresher({ redis, sharing, roster, ranker, clock, log });
  registerRankingsMetrics(
    registry,
    () => clock.nowMs(),
    () =>
      roster.states().map(({ feed: { rkey }, current }) => ({
        rkey,
        rankedAtMs: current?.rankedAtMs,
        allFailures: refresher.failuresOf(rkey),
      })),
  );
  return {
    current: async (feed) => {
      const state = roster.stateOf(feed);
      state.askedAtMs = clock.nowMs();
      if (state.current !== undefined) return state.current;
      refresher.start();
      // After a failure nobody waits: there will be none for a while.
      if (state.failures === 0) await orLate(state.settled.promise, firstRankingMs, undefined, clock);
      return state.current;
    },
    find: async (id) => {
      const near = memory.get(id) ?? roster.states().find(({ current }) => current?.id === id)?.current;
      if (near !== undefined) return near;
      const found = await storage.find(id);
      if (found !== undefined) memory.put(found.ranking, clock.nowMs() + found.leftMs);
      return found?.ranking;
    },
    keep: async (feed, ranking) => {
      memory.put(ranking, clock.nowMs() + feed.keepMs);
      await storage.put(ranking, feed.keepMs);
    },
    health: () => {
      const nowMs = clock.nowMs();
      return roster.states().map((state) => healthOf(state, nowMs));
    },
    services: [{ name: 'feeds-rankings', run: (signal) => refresher.run(signal) }],
  };
};
