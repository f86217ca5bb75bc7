import type { Clock } from '#pkg/runtime/clock.ts';
import type { Ranking } from '../feed.ts';

/** Rankings in this process. They never change, so what is found here is right. */
export interface Memory {
  /** Undefined once its time is over or others took its place. */
  get(id: string): Ranking | undefined;
  put(ranking: Ranking, expiresAtMs: number): void;
  /** Posts of all rankings together. */
  readonly posts: number;
}

/** A ranking without posts takes memory too. */
const costOf = (ranking: Ranking): number => ranking.posts.length + 10;

/** @param maxPosts how many posts are kept, of the rankings that were asked for last; some 400 bytes each */
export const createMemory = (maxPosts: number, clock: Clock): Memory => {
  // In the order of their last use.
  const kept = new Map<string, { readonly ranking: Ranking; readonly expiresAtMs: number }>();
  let posts = 0;
  const drop = (id: string): void => {
    const entry = kept.get(id);
    if (entry !== undefined && kept.delete(id)) posts -= costOf(entry.ranking);
  };
  return {
    get: (id) => {
      const entry = kept.get(id);
      if (entry === undefined) return undefined;
      if (entry.expiresAtMs <= clock.nowMs()) {
        drop(id);
        return undefined;
      }
      kept.delete(id);
      kept.set(id, entry);
      return entry.ranking;
    },
    put: (ranking, expiresAtMs) => {
      drop(ranking.id);
      kept.set(ranking.id, { ranking, expiresAtMs });
      posts += costOf(ranking);
      for (const id of kept.keys()) {
        if (posts <= maxPosts || kept.size === 1) break;
        drop(id);
      }
    },
    get posts() {
      return posts;
    },
  };
};
