import type { Redis } from 'ioredis';
import { onRedis, StoreAwayError } from '#pkg/rest/away.ts';

/** Asks Redis; what it throws because Redis is away is a StoreAwayError. */
export type AskRedis = <T>(work: (redis: Redis) => Promise<T>) => Promise<T>;

/** Does not wait for a connection that is down: who consumes pauses, and who asked by HTTP is told at once. */
export const createAskRedis =
  (redis: Redis): AskRedis =>
  async (work) => {
    if (redis.status !== 'ready') throw new StoreAwayError('redis', new Error(`the connection is ${redis.status}`));
    return onRedis(work(redis));
  };
