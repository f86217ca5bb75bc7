import { STATS_TTL_S } from '../rules/amounts.ts';
import type { AskRedis } from './ask-redis.ts';
import { KEYS } from './board.ts';
import { KEEP_STATS } from './scripts.ts';

/** What `GET users/:did/stats` found out, as text, for five minutes or until a board has news of that user. */
export interface StatsCache {
  read(userId: string): Promise<string | undefined>;
  /** `version`: `players.version` when it was read. Given, what is older than the user's last refresh is not kept. */
  write(userId: string, text: string, version?: number): Promise<void>;
}

export const createStatsCache = (redis: AskRedis): StatsCache => ({
  read: async (userId) => (await redis((client) => client.get(KEYS.stats(userId)))) ?? undefined,
  write: async (userId, text, version) => {
    const values = [text, STATS_TTL_S * 1000, userId, version ?? ''];
    await redis((client) => client.eval(KEEP_STATS, 2, KEYS.stats(userId), KEYS.versions, ...values));
  },
});
