import type { Clock } from '#pkg/runtime/clock.ts';
import type { Logger } from '#pkg/runtime/log.ts';
import type { Ranking } from '../feed.ts';
import type { Freshness } from './freshness.ts';
import type { Memory } from './memory.ts';
import type { Roster } from './roster.ts';
import { AWAY } from '#pkg/redis/soft-redis.ts';
import type { Pointer, Storage } from './storage.ts';

export interface SharingOptions {
  readonly storage: Storage;
  readonly memory: Memory;
  readonly roster: Roster;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Keeps this process and Redis, where the other instances look, of one mind about the current rankings. */
export interface Sharing {
  /** Serves a ranking that was made here, and stores it. */
  publish(state: Freshness, ranking: Ranking): Promise<void>;
  /** Takes what another instance made, or this one before it was started again, where that is newer. */
  lookForOthers(state: Freshness): Promise<void>;
  /** Does that for all feeds, and sees to it that Redis has what is served. */
  poll(): Promise<void>;
}

export const createSharing = ({ storage, memory, roster, clock, log }: SharingOptions): Sharing => {
  const serve = (state: Freshness, ranking: Ranking, storedAtMs: number | undefined): void => {
    if (state.failures > 0) log.info({ feed: state.feed.rkey, failures: state.failures }, 'a feed is ranked again');
    // Also where another instance made it: what failed here is no longer so, or shows again at the next turn.
    Object.assign(state, { current: ranking, storedAtMs, failures: 0, error: undefined, notBeforeMs: 0 });
    memory.put(ranking, (storedAtMs ?? clock.nowMs()) + state.feed.keepMs);
    state.settled.resolve();
  };

  const isNews = (state: Freshness, rankedAtMs: number): boolean => rankedAtMs > (state.current?.rankedAtMs ?? -1);

  const adopt = async (state: Freshness, pointer: Pointer | undefined): Promise<void> => {
    if (pointer === undefined || !isNews(state, pointer.rankedAtMs)) return;
    const found = await storage.find(pointer.id);
    if (found === undefined || !isNews(state, found.ranking.rankedAtMs)) return;
    serve(state, found.ranking, clock.nowMs() - Math.max(0, state.feed.keepMs - found.leftMs));
  };

  /** The current ranking stays in Redis for as long as it is that, also while no other can be made. */
  const keepStored = async (state: Freshness): Promise<void> => {
    const { current, storedAtMs, feed } = state;
    const nowMs = clock.nowMs();
    if (current === undefined || (storedAtMs !== undefined && nowMs - storedAtMs < feed.keepMs / 4)) return;
    const extended = await storage.extend(current, feed.keepMs);
    const isStored = extended === 'extended' || (extended === 'lost' && (await storage.publish(current, feed.keepMs)));
    if (isStored && state.current === current) state.storedAtMs = nowMs;
    if (isStored) memory.put(current, nowMs + feed.keepMs);
  };

  return {
    publish: async (state, ranking) => {
      serve(state, ranking, undefined);
      const nowMs = clock.nowMs();
      if ((await storage.publish(ranking, state.feed.keepMs)) && state.current === ranking) state.storedAtMs = nowMs;
    },
    lookForOthers: async (state) => {
      const pointers = await storage.pointers([state.feed]);
      if (pointers !== AWAY) await adopt(state, pointers[0]);
    },
    poll: async () => {
      const idle = roster.states().filter((state) => !state.refreshing);
      const pointers = await storage.pointers(idle.map(({ feed }) => feed));
      if (pointers === AWAY) return;
      for (const [at, state] of idle.entries()) {
        await adopt(state, pointers[at]);
        if (!state.refreshing) await keepStored(state);
      }
    },
  };
};
