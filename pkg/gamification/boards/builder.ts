import type { Redis } from 'ioredis';
import type { Postgres } from '#pkg/postgres/client.ts';
import { acquireLock, type Lock } from '#pkg/redis/lock.ts';
import { AWAY, softRedis } from '#pkg/redis/soft-redis.ts';
import { StoreAwayError } from '#pkg/rest/away.ts';
import { backoff } from '#pkg/runtime/backoff.ts';
import type { Clock } from '#pkg/runtime/clock.ts';
import { isAbortError, toError } from '#pkg/runtime/errors.ts';
import type { Service } from '#pkg/runtime/lifecycle.ts';
import type { Logger } from '#pkg/runtime/log.ts';
import type { AskRedis } from './ask-redis.ts';
import { KEYS } from './board.ts';
import { rebuild, type RebuildProgress, type Rebuilt } from './rebuild.ts';
import { FINISH } from './scripts.ts';
import type { BoardWriter } from './write.ts';

export interface BuilderOptions {
  readonly connection: Redis;
  readonly redis: AskRedis;
  readonly postgres: Pick<Postgres, 'query'>;
  readonly writer: BoardWriter;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface RebuildRequest {
  readonly onProgress?: (progress: RebuildProgress) => void;
  readonly signal?: AbortSignal;
}

/** Sees to it that Redis has the whole boards. */
export interface Builder {
  /** Makes the boards anew, whatever is there. Waits for another who does the same. */
  rebuild(request?: RebuildRequest): Promise<Rebuilt>;
  /** The same, only where this life of the Redis server has not seen it done: over all processes, once. */
  ensureBuilt(signal?: AbortSignal): Promise<void>;
  /** To be called when the marker was found missing. */
  missed(): void;
  readonly service: Service;
}

/** How often another who builds is asked whether it is done. */
const WAIT_MS = 500;
/** How often the marker is looked at when nothing happens. */
const LOOK_MS = 60_000;

export function createBuilder(options: BuilderOptions): Builder {
  const { connection, redis, clock, log } = options;
  let wake: (() => void) | undefined;
  let isDue = false;
  const missed = (): void => {
    isDue = true;
    wake?.();
  };

  const isBuilt = async (life: string): Promise<boolean> => (await redis((client) => client.get(KEYS.built))) === life;

  const ensureBuilt = async (signal?: AbortSignal): Promise<void> => {
    const life = await lifeOf(redis);
    if (await isBuilt(life)) return;
    const lock = await lockWhen(options, () => isBuilt(life), signal);
    if (lock === undefined) return;
    await buildUnder(options, lock, { signal });
  };

  const nap = async (signal: AbortSignal): Promise<void> => {
    const woken = new AbortController();
    wake = () => woken.abort();
    try {
      if (!isDue) await clock.sleep(LOOK_MS, AbortSignal.any([signal, woken.signal]));
    } catch (error) {
      if (signal.aborted || !isAbortError(error)) throw error;
    } finally {
      wake = undefined;
    }
  };

  const run = async (signal: AbortSignal): Promise<void> => {
    const pause = backoff({ minMs: 500, maxMs: 10_000, clock });
    // A server that is back may have lost the last second before it went.
    connection.on('ready', missed);
    try {
      while (!signal.aborted) {
        isDue = false;
        try {
          await ensureBuilt(signal);
          pause.reset();
          await nap(signal);
        } catch (error) {
          if (signal.aborted) return;
          log.warn({ err: error }, 'the leaderboards could not be looked after; trying again');
          await pause.next(signal);
        }
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      connection.off('ready', missed);
    }
  };

  return {
    missed,
    ensureBuilt,
    rebuild: async (request = {}) => {
      const lock = await lockWhen(options, async () => false, request.signal);
      if (lock === undefined) throw new Error('no lock, and nobody to wait for');
      return buildUnder(options, lock, request);
    },
    service: { name: 'leaderboards', run },
  };
}

/** Which life of the server this is: another after each restart, when the last writes may be lost. */
async function lifeOf(redis: AskRedis): Promise<string> {
  const text = await redis((client) => client.info('server')).catch((error: unknown) => {
    // Some servers tell nobody. Their restarts then go unnoticed, but not that they are empty.
    if (toError(error).name === 'ReplyError') return '';
    throw error;
  });
  return /^run_id:(\w+)/m.exec(text)?.[1] ?? 'unknown';
}

/** The lock, as soon as nobody else has it; undefined where `isDone` meanwhile. */
async function lockWhen(
  { connection, clock }: BuilderOptions,
  isDone: () => Promise<boolean>,
  signal: AbortSignal | undefined,
): Promise<Lock | undefined> {
  for (;;) {
    signal?.throwIfAborted();
    const lock = await acquireLock({ redis: softRedis(connection, clock), clock }, KEYS.building);
    if (lock === AWAY) throw new StoreAwayError('redis', new Error('no answer'));
    if (lock === 'taken') await clock.sleep(WAIT_MS, signal);
    if (!(await isDone())) {
      if (lock !== 'taken') return lock;
      continue;
    }
    if (lock !== 'taken') await lock.release();
    return undefined;
  }
}

async function buildUnder(
  options: BuilderOptions,
  lock: Lock,
  {
    onProgress,
    signal,
  }: { readonly onProgress?: RebuildRequest['onProgress']; readonly signal?: AbortSignal | undefined },
): Promise<Rebuilt> {
  const { redis, postgres, writer, log } = options;
  try {
    const life = await lifeOf(redis);
    const rebuilt = await rebuild({ redis, postgres, writer, onProgress, signal });
    const marked = await redis((client) => client.eval(FINISH, 2, KEYS.built, KEYS.building, lock.token, life));
    if (marked !== 1)
      throw new Error('the lock was lost while the leaderboards were built: Redis may have lost them too');
    log.info({ ...rebuilt }, 'the leaderboards are made anew');
    return rebuilt;
  } finally {
    await lock.release();
  }
}
