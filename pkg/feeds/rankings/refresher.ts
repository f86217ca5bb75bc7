import { isAbortError, toError } from '#pkg/runtime/errors.ts';
import type { Clock } from '#pkg/runtime/clock.ts';
import type { Logger } from '#pkg/runtime/log.ts';
import type { Feed } from '../feed.ts';
import type { Ranker } from '../parts.ts';
import { dueAtMs, type Freshness, pauseAfter } from './freshness.ts';
import { acquireLock } from '#pkg/redis/lock.ts';
import type { Roster } from './roster.ts';
import type { Sharing } from './sharing.ts';
import { AWAY, type SoftRedis } from '#pkg/redis/soft-redis.ts';

export interface RefresherOptions {
  readonly redis: SoftRedis;
  readonly sharing: Sharing;
  readonly roster: Roster;
  readonly ranker: Ranker;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Keeps the rankings of shared feeds fresh. */
export interface Refresher {
  /** Starts what is due, as far as there is room. */
  start(): void;
  /** Failures since the process started. */
  failuresOf(rkey: string): number;
  run(signal: AbortSignal): Promise<void>;
}

/** Feeds being ranked at the same time. An operator's are slow at their own expense only. */
const atOnce: Readonly<Record<Feed['origin'], number>> = { skyflow: 1, operator: 1 };

const tickMs = 100;
const pollMs = 1_000;
const maxErrorChars = 500;

export const createRefresher = (options: RefresherOptions): Refresher => {
  const { roster, sharing, clock } = options;
  const failures = new Map<string, number>();
  const running = new Map<Freshness, Promise<void>>();
  const stopping = new AbortController();

  const refresh = async (state: Freshness): Promise<void> => {
    const { rkey } = state.feed;
    try {
      await rankLocked(options, state, stopping.signal);
    } catch (error) {
      if (!(stopping.signal.aborted && isAbortError(error))) {
        failures.set(rkey, (failures.get(rkey) ?? 0) + 1);
        noteFailure(options, state, error);
      }
    } finally {
      state.refreshing = false;
      running.delete(state);
    }
    start();
  };

  const start = (): void => {
    if (stopping.signal.aborted) return;
    const nowMs = clock.nowMs();
    const due = roster.states().filter((state) => !state.refreshing && dueAtMs(state, nowMs) <= nowMs);
    for (const state of due.toSorted((a, b) => dueAtMs(a, nowMs) - dueAtMs(b, nowMs))) {
      const beside = [...running.keys()].filter(({ feed }) => feed.origin === state.feed.origin).length;
      if (beside >= atOnce[state.feed.origin]) continue;
      state.refreshing = true;
      running.set(state, refresh(state));
    }
  };

  const run = async (signal: AbortSignal): Promise<void> => {
    const every = async (pauseMs: number, act: () => unknown): Promise<void> => {
      while (!signal.aborted) {
        await act();
        await clock.sleep(pauseMs, signal);
      }
    };
    try {
      await Promise.all([every(tickMs, start), every(pollMs, () => sharing.poll())]);
    } finally {
      stopping.abort();
      await Promise.all(running.values());
    }
  };

  return { start, failuresOf: (rkey) => failures.get(rkey) ?? 0, run };
};

/** Over all instances one ranks a feed at a time. While Redis is away each does for itself: better than to stand still. */
const rankLocked = async (options: RefresherOptions, state: Freshness, signal: AbortSignal): Promise<void> => {
  const { redis, sharing, ranker, clock } = options;
  const { feed } = state;
  const lock = await acquireLock({ redis, clock }, `feed:refresh:${feed.rkey}:${feed.fingerprint}`);
  if (lock === 'taken') {
    state.notBeforeMs = clock.nowMs() + pollMs;
    return;
  }
  try {
    await sharing.lookForOthers(state);
    if (dueAtMs(state, clock.nowMs()) > clock.nowMs()) return;
    await sharing.publish(state, await ranker.rank(feed, { viewer: undefined, langs: [] }, signal));
  } finally {
    if (lock !== AWAY) await lock.release();
  }
};

const noteFailure = ({ clock, log }: RefresherOptions, state: Freshness, thrown: unknown): void => {
  const error = toError(thrown);
  const feed = state.feed.rkey;
  if (state.failures === 0) log.warn({ err: error, feed }, 'a feed could not be ranked; its last ranking stays');
  state.failures += 1;
  state.error = error.message.slice(0, maxErrorChars);
  state.notBeforeMs = clock.nowMs() + pauseAfter(state.failures);
  state.settled.resolve();
};
