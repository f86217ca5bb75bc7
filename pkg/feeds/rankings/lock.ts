import { randomUUID } from 'node:crypto';
import type { Clock } from '#pkg/runtime/clock.ts';
import { AWAY, type Away, type SoftRedis } from '#pkg/redis/soft-redis.ts';

/** The right to do one thing, over all processes. */
export interface Lock {
  /** Gives it up, if it is still ours. */
  release(): Promise<void>;
}

/** How long a lock outlives a process that died with it. */
const lifetimeMs = 10_000;

/** Both act only where the lock still carries our token: who lost it, in a pause or a partition, changes nothing. */
const renewScript = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end return 0`;
const releaseScript = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0`;

/** Tries once. What it gives is renewed until it is released. */
export const acquireLock = async (redis: SoftRedis, clock: Clock, name: string): Promise<Lock | 'taken' | Away> => {
  const token = randomUUID();
  const answer = await redis((client) => client.set(name, token, 'PX', lifetimeMs, 'NX'));
  if (answer === AWAY) return AWAY;
  if (answer === null) return 'taken';
  const done = new AbortController();
  const renew = async (): Promise<void> => {
    while (!done.signal.aborted) {
      await clock.sleep(lifetimeMs / 3, done.signal);
      await redis((client) => client.eval(renewScript, 1, name, token, lifetimeMs));
    }
  };
  // It ends by being aborted, and by nothing else.
  renew().catch(() => undefined);
  return {
    release: async () => {
      done.abort();
      await redis((client) => client.eval(releaseScript, 1, name, token));
    },
  };
};
