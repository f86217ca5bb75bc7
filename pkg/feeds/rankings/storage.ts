import type { Feed, Ranking } from '../feed.ts';
import { packRanking, unpackRanking } from './encoding.ts';
import { AWAY, type Away, type SoftRedis } from '#pkg/redis/soft-redis.ts';

/** Which ranking of a feed is the current one. */
export interface Pointer {
  readonly id: string;
  readonly rankedAtMs: number;
}

/** A feed, as far as its current ranking is concerned: another form of it has another. */
export type FeedForm = Pick<Feed, 'rkey' | 'fingerprint'>;

/** Rankings in Redis, where every instance finds them. Nothing here throws because Redis is away. */
export interface Storage {
  /** Keeps a ranking for `keepMs`; `false` where Redis is away. */
  put(ranking: Ranking, keepMs: number): Promise<boolean>;
  /** The same, and makes it the current one of its feed unless a newer one is. */
  publish(ranking: Ranking, keepMs: number): Promise<boolean>;
  /** Gives the current ranking its whole time again. `lost`: Redis does not have it as the current one. */
  extend(ranking: Ranking, keepMs: number): Promise<'extended' | 'lost' | Away>;
  /** With the time it has left. */
  find(id: string): Promise<{ readonly ranking: Ranking; readonly leftMs: number } | undefined>;
  /** In the order of the feeds; undefined for those that have none. */
  pointers(feeds: readonly FeedForm[]): Promise<readonly (Pointer | undefined)[] | Away>;
}

const rankingKey = (id: string): string => `feed:ranking:${id}`;
const pointerKey = ({ rkey, fingerprint }: FeedForm): string => `feed:current:${rkey}:${fingerprint}`;
const pointerOf = ({ id, rankedAtMs }: Ranking): string => `${id} ${rankedAtMs}`;

const readPointer = (text: string | null): Pointer | undefined => {
  const [, id, at] = /^([\w-]+) (\d{1,15})$/.exec(text ?? '') ?? [];
  return id === undefined ? undefined : { id, rankedAtMs: Number(at) };
};

/** An instance that was asleep for a while must not put its ranking over a newer one. */
const publishScript = `redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
local known = redis.call('GET', KEYS[2])
if known and tonumber(string.match(known, ' (%d+)$') or '0') > tonumber(ARGV[4]) then return 0 end
redis.call('SET', KEYS[2], ARGV[3], 'PX', ARGV[2])
return 1`;

const extendScript = `if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
if redis.call('PEXPIRE', KEYS[1], ARGV[2]) == 0 then return 0 end
return redis.call('PEXPIRE', KEYS[2], ARGV[2])`;

export const createStorage = (redis: SoftRedis): Storage => ({
  put: async (ranking, keepMs) => {
    const bytes = await packRanking(ranking);
    return (await redis((client) => client.set(rankingKey(ranking.id), bytes, 'PX', keepMs))) !== AWAY;
  },
  publish: async (ranking, keepMs) => {
    const bytes = await packRanking(ranking);
    const keys = [rankingKey(ranking.id), pointerKey(ranking)] as const;
    const values = [bytes, keepMs, pointerOf(ranking), ranking.rankedAtMs] as const;
    return (await redis((client) => client.eval(publishScript, keys.length, ...keys, ...values))) !== AWAY;
  },
  extend: async (ranking, keepMs) => {
    const keys = [rankingKey(ranking.id), pointerKey(ranking)] as const;
    const done = await redis((client) => client.eval(extendScript, keys.length, ...keys, pointerOf(ranking), keepMs));
    if (done === AWAY) return AWAY;
    return done === 1 ? 'extended' : 'lost';
  },
  find: async (id) => {
    const found = await redis(async (client) =>
      Promise.all([client.getBuffer(rankingKey(id)), client.pttl(rankingKey(id))]),
    );
    if (found === AWAY || found[0] === null) return undefined;
    const ranking = await unpackRanking(found[0]);
    return ranking?.id === id ? { ranking, leftMs: found[1] } : undefined;
  },
  pointers: async (feeds) => {
    if (feeds.length === 0) return [];
    const texts = await redis((client) => client.mget(feeds.map(pointerKey)));
    return texts === AWAY ? AWAY : texts.map(readPointer);
  },
});
