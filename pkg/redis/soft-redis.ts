import type { Redis } from 'ioredis';
import type { Clock } from '#pkg/runtime/clock.ts';
import { orLate } from '#pkg/runtime/waiting.ts';

/** What stands in place of an answer while Redis is away. */
export const AWAY: unique symbol = Symbol('Redis is away');
export type Away = typeof AWAY;

/**
 * Asks Redis for something that one can do without for a while: a connection that is down, an error, or a second without an
 * answer is `AWAY`. What was asked may still happen later.
 */
export type SoftRedis = <T>(work: (redis: Redis) => Promise<T>) => Promise<T | Away>;

const patienceMs = 1_000;
const away = (): Away => AWAY;

export const softRedis =
  (redis: Redis, clock: Clock): SoftRedis =>
  async (work) =>
    redis.status === 'ready' ? orLate(work(redis).catch(away), patienceMs, AWAY, clock) : AWAY;
