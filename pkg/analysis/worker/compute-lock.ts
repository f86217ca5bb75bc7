import { randomUUID } from 'node:crypto';
import type { Clock } from '#pkg/runtime/clock.ts';
import { isAbortError } from '#pkg/runtime/errors.ts';
import { AWAY, type SoftRedis } from '#pkg/redis/soft-redis.ts';

/** The right to compute one question, over all processes. */
export interface ComputeLock {
  /** Stores the answer and gives the lock up in one step; stores nothing where the lock was lost meanwhile. */
  store(key: string, value: Buffer, lifetimeMs: number): Promise<void>;
  /** Gives the lock up, if it is still ours. A second call does nothing. */
  release(): Promise<void>;
}

/** `taken`: another process computes. `away`: Redis cannot say. */
export type Acquired = ComputeLock | 'taken' | 'away';

export interface ComputeLocks {
  /** How long a lock outlives a process that died with it. */
  readonly ttlMs: number;
  /** Tries once. A lock that is held is renewed until it is released. */
  acquire(name: string): Promise<Acquired>;
}

const defaultTtlMs = 5_000;

/** Each script acts only if the lock still carries our token: who lost it, in a pause or a partition, changes nothing. */
const scripts = {
  renew: `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end return 0`,
  release: `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0`,
  store: `if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3])
return redis.call('DEL', KEYS[1])`,
};

/** A lock is renewed three times within `ttlMs`, by default 5 s. */
export const createComputeLocks = (redis: SoftRedis, clock: Clock, ttlMs = defaultTtlMs): ComputeLocks => {
  const held = (name: string, token: string): ComputeLock => {
    const done = new AbortController();
    const renew = async (): Promise<void> => {
      while (!done.signal.aborted) {
        await clock.sleep(ttlMs / 3, done.signal);
        await redis((client) => client.eval(scripts.renew, 1, name, token, ttlMs));
      }
    };
    renew().catch((error: unknown) => {
      if (!isAbortError(error)) throw error;
    });
    return {
      store: async (key, value, lifetimeMs) => {
        done.abort();
        await redis((client) => client.eval(scripts.store, 2, name, key, token, value, lifetimeMs));
      },
      release: async () => {
        if (done.signal.aborted) return;
        done.abort();
        await redis((client) => client.eval(scripts.release, 1, name, token));
      },
    };
  };
  return {
    ttlMs,
    acquire: async (name) => {
      const token = randomUUID();
      const answer = await redis((client) => client.set(name, token, 'PX', ttlMs, 'NX'));
      if (answer === AWAY) return 'away';
      return answer === null ? 'taken' : held(name, token);
    },
  };
};
