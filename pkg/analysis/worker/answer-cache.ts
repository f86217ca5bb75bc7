import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { z } from 'zod';
import { lensAnswer, type LensAnswer, type LensQuestion } from '#pkg/contracts/lens.ts';
import { TIER_LIMITS, TIERS } from '#pkg/contracts/tiers.ts';
import type { Clock } from '#pkg/runtime/clock.ts';
import type { CacheLook } from './metrics.ts';
import { AWAY, type SoftRedis } from '#pkg/redis/soft-redis.ts';

/** An answer, and when computing it began: ms since 1970. */
export interface DatedAnswer {
  readonly computedAtMs: number;
  readonly answer: LensAnswer;
}

/** Answers of the last hour, for whoever asks the same. Never throws: a cache that does not work is an empty one. */
export interface AnswerCache {
  /** The answer, where it is not older than `maxAgeMs`. */
  find(question: LensQuestion, maxAgeMs: number): Promise<LensAnswer | undefined>;
}

/** Where the answer to a question lies on this UTC day: `analysis:{did}:{type}:{date}:{window}:{audience}`. */
export const cacheKey = ({ did, lens, window, audience }: LensQuestion, nowMs: number): string =>
  `analysis:${did}:${lens}:${new Date(nowMs).toISOString().slice(0, 10)}:${window}:${audience}`;

const minuteMs = 60_000;
const lifetimesMs = TIERS.map((tier) => TIER_LIMITS[tier].cacheMinutes * minuteMs);
/** How long an answer is kept: as long as any tier may be served it. Each asker's own limit is looked at when reading. */
export const cacheLifetimeMs = Math.max(...lifetimesMs);
/** An age at which any tier may be served. */
export const freshForAllMs = Math.min(...lifetimesMs);
/** How long an answer is kept that may be a better one in a moment. */
export const passingAnswerMs = minuteMs;
/** Without board and score it tells of an account that may be indexed in a moment; scores may begin in a moment as well. */
export const isPassing = ({ board, score, notices }: LensAnswer): boolean =>
  (board === null && score === null) || notices.some(({ code }) => code === 'no_reference');
/** By how much the clocks of two of our machines may differ. */
const clockSkewMs = minuteMs;

/** Of one value, packed and unpacked: thirty days of flow are half a megabyte unpacked. */
const maxPackedBytes = 1_048_576;
const maxBytes = 8_388_608;

const cached = z.object({ version: z.literal(1), computedAtMs: z.int().nonnegative(), answer: lensAnswer });
const pack = promisify(gzip);
const unpack = promisify<Buffer, { maxOutputLength: number }, Buffer>(gunzip);

/** The value to be kept, or undefined where it would be too large. */
export const packAnswer = async ({ computedAtMs, answer }: DatedAnswer): Promise<Buffer | undefined> => {
  const packed = await pack(JSON.stringify({ version: 1, computedAtMs, answer }));
  return packed.length > maxPackedBytes ? undefined : packed;
};

/** What a kept value says to this question, or undefined where it is damaged or another's. */
const unpackAnswer = async (packed: Buffer, question: LensQuestion): Promise<DatedAnswer | undefined> => {
  try {
    const bytes = await unpack(packed, { maxOutputLength: maxBytes });
    const { computedAtMs, answer } = cached.parse(JSON.parse(bytes.toString('utf8')));
    const { lens, window, audience, subject } = answer;
    const isIt =
      lens === question.lens &&
      window === question.window &&
      audience === question.audience &&
      subject.did === question.did;
    return isIt ? { computedAtMs, answer } : undefined;
  } catch {
    return undefined;
  }
};

export interface AnswerCacheOptions {
  readonly redis: SoftRedis;
  readonly clock: Clock;
  /** Told of each look. */
  readonly onLook: (found: CacheLook) => void;
}

export const createAnswerCache = ({ redis, clock, onLook }: AnswerCacheOptions): AnswerCache => ({
  find: async (question, maxAgeMs) => {
    const nowMs = clock.nowMs();
    const packed = await redis((client) => client.getBuffer(cacheKey(question, nowMs)));
    if (packed === AWAY || packed === null) {
      onLook(packed === AWAY ? 'away' : 'miss');
      return undefined;
    }
    const dated = await unpackAnswer(packed, question);
    const ageMs = nowMs - (dated?.computedAtMs ?? 0);
    if (dated === undefined || ageMs < -clockSkewMs) {
      onLook('damaged');
      return undefined;
    }
    if (ageMs > (isPassing(dated.answer) ? Math.min(maxAgeMs, passingAnswerMs) : maxAgeMs)) {
      onLook('stale');
      return undefined;
    }
    onLook('hit');
    return dated.answer;
  },
});
