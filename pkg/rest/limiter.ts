import type { Redis } from 'ioredis';
import { RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import { onRedis } from './away.ts';

/** So many in so long. The time runs from the first one: afterwards all of them are there again. */
export interface Allowance {
  /** Infinity: no limit. */
  readonly count: number;
  readonly windowSeconds: number;
}

/** How somebody stands with a limit. */
export interface Standing {
  readonly allowed: boolean;
  readonly count: number;
  readonly windowSeconds: number;
  readonly remaining: number;
  /** Until all are there again. */
  readonly resetMs: number;
}

/**
 * Counts in Redis (`limit:{name}:{key}`), one script a count, so that parallel requests and parallel processes share one count. Each key lives
 * for one window from its first use and is in Redis' append-only file: a restart of Redis neither forgets a count nor
 * keeps one for longer. Without a connection counting rejects at once; nothing is ever allowed uncounted.
 *
 * A command that was under way when a connection broke is sent again and may count twice: that costs its caller one of a
 * window, and never more.
 */
export class RateLimits<Name extends string> {
  readonly #redis: Redis;
  readonly #limiters = new Map<string, RateLimiterRedis>();

  constructor(redis: Redis) {
    this.#redis = redis;
  }

  /** Takes one from `key`'s allowance, if there is one left. Rejects with a StoreAwayError. */
  async take(limit: Name, key: string, allowance: Allowance): Promise<Standing> {
    if (allowance.count === Infinity) return unlimited(allowance);
    const result = await onRedis(this.#limiter(limit, allowance).consume(key).catch(asAnswer));
    return standing(allowance, result);
  }

  /** Gives back one that was taken for nothing. */
  async giveBack(limit: Name, key: string, allowance: Allowance): Promise<void> {
    if (allowance.count === Infinity) return;
    await onRedis(this.#limiter(limit, allowance).reward(key));
  }

  /** How `key` stands, without taking any. */
  async look(limit: Name, key: string, allowance: Allowance): Promise<Standing> {
    if (allowance.count === Infinity) return unlimited(allowance);
    const result = await onRedis(this.#limiter(limit, allowance).get(key));
    return standing(allowance, result ?? new RateLimiterRes(allowance.count, 0, 0));
  }

  /** Limiters that differ in their count share a key, so that a change of tier forgets nothing. */
  #limiter(limit: Name, { count, windowSeconds }: Allowance): RateLimiterRedis {
    const id = `${limit}/${count}/${windowSeconds}`;
    let limiter = this.#limiters.get(id);
    if (limiter === undefined) {
      limiter = new RateLimiterRedis({
        storeClient: this.#redis,
        keyPrefix: `limit:${limit}`,
        points: count,
        duration: windowSeconds,
        rejectIfRedisNotReady: true,
      });
      this.#limiters.set(id, limiter);
    }
    return limiter;
  }
}

/** The library rejects with its plain result where there is none left; only an Error is an error. */
function asAnswer(thrown: unknown): RateLimiterRes {
  if (thrown instanceof RateLimiterRes) return thrown;
  throw thrown;
}

function standing({ count, windowSeconds }: Allowance, result: RateLimiterRes): Standing {
  return {
    allowed: result.consumedPoints <= count,
    count,
    windowSeconds,
    remaining: Math.max(0, count - result.consumedPoints),
    resetMs: Math.max(0, result.msBeforeNext),
  };
}

const unlimited = ({ windowSeconds }: Allowance): Standing => ({
  allowed: true,
  count: Infinity,
  windowSeconds,
  remaining: Infinity,
  resetMs: 0,
});
