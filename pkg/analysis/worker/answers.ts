import type { LensAnswer, LensQuestion } from '#pkg/contracts/lens.ts';
import { type Tier, TIER_LIMITS } from '#pkg/contracts/tiers.ts';
import type { Clock } from '#pkg/runtime/clock.ts';
import {
  type AnswerCache,
  cacheKey,
  cacheLifetimeMs,
  freshForAllMs,
  isPassing,
  packAnswer,
  passingAnswerMs,
} from './answer-cache.ts';
import type { ComputeLock, ComputeLocks } from './compute-lock.ts';
import { TimedOutError } from './failure.ts';
import { createFlights } from './flights.ts';
import type { TimelineMetrics } from './metrics.ts';

/** What computes an answer. It ends soon after `signal` aborted, and so does what it asked of the store. */
export interface Computer {
  answer(question: LensQuestion, options: { signal?: AbortSignal }): Promise<LensAnswer>;
}

/** Answers to questions, each computed at most once at a time. */
export interface Answers {
  /** @returns the answer, and whether it was computed for another; rejects with what computing threw, or TimedOutError */
  find(question: LensQuestion, tier: Tier, signal: AbortSignal): Promise<Found>;
}

export interface Found {
  readonly answer: LensAnswer;
  readonly cached: boolean;
}

export interface AnswersOptions {
  readonly lenses: Computer;
  readonly cache: AnswerCache;
  readonly locks: ComputeLocks;
  readonly clock: Clock;
  readonly metrics: TimelineMetrics;
  readonly computeTimeoutMs: number;
}

const minuteMs = 60_000;
const lockPollMs = 100;

/**
 * First the cache; then whoever asks the same in this process waits for one of them; and that one waits for other
 * processes, by a lock in Redis, looking into the cache for what they found. Without Redis each process computes by itself.
 */
export const createAnswers = (options: AnswersOptions): Answers => {
  const { cache } = options;
  const flights = createFlights<Found>();
  return {
    find: async (question, tier, signal) => {
      const known = await cache.find(question, TIER_LIMITS[tier].cacheMinutes * minuteMs);
      if (known !== undefined) return { answer: known, cached: true };
      const key = JSON.stringify([question.did, question.lens, question.window, question.audience]);
      const { value, first } = await flights.join(key, (all) => findAlone(options, question, all), signal);
      return { answer: value.answer, cached: value.cached || !first };
    },
  };
};

const findAlone = async (options: AnswersOptions, question: LensQuestion, signal: AbortSignal): Promise<Found> => {
  const { cache, locks, clock, computeTimeoutMs } = options;
  const lockName = `analysis:lock:${cacheKey(question, clock.nowMs())}`;
  // The other may compute for as long as we may, or have died just now.
  const patienceMs = computeTimeoutMs + locks.ttlMs;
  const untilMs = clock.nowMs() + patienceMs;
  for (;;) {
    const lock = await locks.acquire(lockName);
    // Whoever held it may have answered since we looked. Asked for all who wait here, whatever their tiers.
    const known = lock === 'away' ? undefined : await cache.find(question, freshForAllMs);
    if (known !== undefined) {
      if (lock !== 'taken' && lock !== 'away') await lock.release();
      return { answer: known, cached: true };
    }
    if (lock !== 'taken') {
      const answer = await computeUnder(options, question, { signal, lock: lock === 'away' ? undefined : lock });
      return { answer, cached: false };
    }
    if (clock.nowMs() >= untilMs) throw new TimedOutError('Waiting for another process', patienceMs);
    await clock.sleep(lockPollMs, signal);
  }
};

const computeUnder = async (
  options: AnswersOptions,
  question: LensQuestion,
  { signal, lock }: { signal: AbortSignal; lock: ComputeLock | undefined },
): Promise<LensAnswer> => {
  const computedAtMs = options.clock.nowMs();
  try {
    const answer = await computeWithin(options, question, signal);
    const packed = lock === undefined ? undefined : await packAnswer({ computedAtMs, answer });
    const lifetimeMs = isPassing(answer) ? passingAnswerMs : cacheLifetimeMs;
    if (packed !== undefined) await lock?.store(cacheKey(question, computedAtMs), packed, lifetimeMs);
    return answer;
  } finally {
    await lock?.release();
  }
};

const computeWithin = async (
  { lenses, clock, metrics, computeTimeoutMs }: AnswersOptions,
  question: LensQuestion,
  signal: AbortSignal,
): Promise<LensAnswer> => {
  const over = new AbortController();
  const stop = new AbortController();
  const { promise: stopped, reject } = Promise.withResolvers<never>();
  const end = (reason: unknown): void => {
    reject(reason);
    stop.abort(reason);
  };
  const onAbort = (): void =>
    end(new DOMException('the computation was given up', { name: 'AbortError', cause: signal.reason }));
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  clock.sleep(computeTimeoutMs, over.signal).then(
    () => end(new TimedOutError(`The lens ${question.lens}`, computeTimeoutMs)),
    () => undefined,
  );
  const timer = metrics.computing(question.lens);
  try {
    // Raced: work that does not listen to its signal must not hold up its asker.
    return await Promise.race([lenses.answer(question, { signal: stop.signal }), stopped]);
  } finally {
    timer.end();
    over.abort();
    signal.removeEventListener('abort', onAbort);
    // Where the race was won by the answer, nobody hears this.
    stopped.catch(() => undefined);
  }
};
