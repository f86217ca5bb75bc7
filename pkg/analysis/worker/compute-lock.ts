import type { Clock } from '#pkg/runtime/clock.ts';
import { acquireLock } from '#pkg/redis/lock.ts';
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

/** Acts only if the lock still carries our token: who lost it, in a pause or a partition, changes nothing. */
const storeScript = `if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3])
return redis.call('DEL', KEYS[1])`;

/** A lock is renewed three times within `ttlMs`, by default 5 s. */
export const createComputeLocks = (redis: SoftRedis, clock: Clock, ttlMs = defaultTtlMs): ComputeLocks => ({
  ttlMs,
  acquire: async (name) => {
    const lock = await acquireLock({ redis, clock, lifetimeMs: ttlMs }, name);
    if (lock === AWAY) return 'away';
    if (lock === 'taken') return lock;
    return {
      store: async (key, value, lifetimeMs) => {
        lock.letGo();
        await redis((client) => client.eval(storeScript, 2, name, key, lock.token, value, lifetimeMs));
      },
      release: () => lock.release(),
    };
  },
});
