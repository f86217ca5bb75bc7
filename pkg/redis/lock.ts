import { randomUUID } from 'node:crypto';
import type { Clock } from '#pkg/runtime/clock.ts';
import { isAbortError } from '#pkg/runtime/errors.ts';
import { AWAY, type Away, type SoftRedis } from './soft-redis.ts';

/** The right to do one thing, over all processes. */
export interface Lock {
  /** What stands under its name in Redis while it is ours: for scripts that act only then. */
  readonly token: string;
  /** Ends its renewal: for a script that gives it up itself. A release afterwards does nothing. */
  letGo(): void;
  /** Gives it up, if it is still ours. A second call does nothing. */
  release(): Promise<void>;
}

/** How long a lock outlives a process that died with it. */
const defaultLifetimeMs = 10_000;

/** Both act only where the lock still carries our token: who lost it, in a pause or a partition, changes nothing. */
const renewScript = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end return 0`;
const releaseScript = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0`;

/** Where locks are, and how long one lives without being renewed; default 10 s. */
export interface LockPlace {
  readonly redis: SoftRedis;
  readonly clock: Clock;
  readonly lifetimeMs?: number;
}

/** Tries once. What it gives is renewed until it is released. */
export const acquireLock = async (
  { redis, clock, lifetimeMs = defaultLifetimeMs }: LockPlace,
  name: string,
): Promise<Lock | 'taken' | Away> => {
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
  renew().catch((error: unknown) => {
    if (!isAbortError(error)) throw error;
  });
  return {
    token,
    letGo: () => done.abort(),
    release: async () => {
      if (done.signal.aborted) return;
      done.abort();
      await redis((client) => client.eval(releaseScript, 1, name, token));
    },
  };
};
