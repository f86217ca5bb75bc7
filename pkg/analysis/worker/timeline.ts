import type { Redis } from 'ioredis';
import type { Bus } from '#pkg/bus/client.ts';
import {
  ack,
  consume,
  dead,
  type Death,
  type HandlerContext,
  type Outcome,
  type ReceivedEvent,
  retry,
} from '#pkg/bus/consume.ts';
import { EVENTS } from '#pkg/bus/events.ts';
import type { Publisher } from '#pkg/bus/publish.ts';
import { DURABLE_LIMITS } from '#pkg/bus/stream-table.ts';
import type { Postgres } from '#pkg/postgres/client.ts';
import { backoff } from '#pkg/runtime/backoff.ts';
import type { Clock } from '#pkg/runtime/clock.ts';
import type { Service } from '#pkg/runtime/lifecycle.ts';
import type { Logger } from '#pkg/runtime/log.ts';
import type { Registry } from '#pkg/runtime/metrics.ts';
import { createAnswerCache } from './answer-cache.ts';
import { announcements } from './announce.ts';
import { type Answers, type Computer, createAnswers } from './answers.ts';
import { createComputeLocks } from './compute-lock.ts';
import { codeOfReason, failureCode } from './failure.ts';
import { type TimelineMetrics, timelineMetrics } from './metrics.ts';
import { type AnalysisRecord, createRecords, type Records } from './records.ts';
import { type AnalysisRequest, type Asked, readQuestion, readRequest } from './request.ts';
import { softRedis } from '#pkg/redis/soft-redis.ts';

/** What the timeline service is made of. */
export interface TimelineDeps {
  readonly lenses: Computer;
  readonly postgres: Pick<Postgres, 'query'>;
  readonly redis: Redis;
  readonly bus: Bus;
  readonly publisher: Publisher;
  readonly clock: Clock;
  readonly log: Logger;
  readonly registry: Registry;
  /** How long computing one question may take; default 10 s. */
  readonly computeTimeoutMs?: number;
  /** How many requests are worked on at once in this process; default 16, most of which wait. */
  readonly concurrency?: number;
  /** For how long a process that died keeps others from computing what it computed; default 5 s. */
  readonly lockTtlMs?: number;
  /** Pauses before the second and the third attempt; default 1 s and 10 s. */
  readonly retryDelaysMs?: readonly [number, number];
}

/** What one request needs. */
interface Worker {
  readonly records: Records;
  readonly answers: Answers;
  readonly publisher: Publisher;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: TimelineMetrics;
  readonly retryDelaysMs: readonly [number, number];
}

type Requested = ReceivedEvent<typeof EVENTS.timelineRequested>;

/** For reading, writing and publishing, beside computing and waiting for another who computes. */
const handlerMarginMs = 20_000;

/**
 * The service that takes `events.timeline.requested`, finds the answer, writes it into `timeline_analyses`, and announces
 * it. A request ends once: completed, or failed and among the dead letters (decision 0016). Whatever is done again after a
 * crash has the same result under the same ids.
 */
export const createTimeline = (deps: TimelineDeps): { services: Service[] } => {
  const { clock, log, computeTimeoutMs = 10_000 } = deps;
  const metrics = timelineMetrics(deps.registry);
  const redis = softRedis(deps.redis, clock);
  const locks = createComputeLocks(redis, clock, deps.lockTtlMs);
  const answers = createAnswers({
    lenses: deps.lenses,
    cache: createAnswerCache({ redis, clock, onLook: (found) => metrics.looks.inc(found) }),
    locks,
    clock,
    metrics,
    computeTimeoutMs,
  });
  const worker: Worker = {
    records: createRecords(deps.postgres),
    answers,
    publisher: deps.publisher,
    clock,
    log,
    metrics,
    retryDelaysMs: deps.retryDelaysMs ?? [1_000, 10_000],
  };
  const service = consume({
    bus: deps.bus,
    durable: 'timeline-processor',
    event: EVENTS.timelineRequested,
    concurrency: deps.concurrency ?? 16,
    handler: (event, context) => handle(worker, event, context),
    onDead: (event, death) => bury(worker, event, death),
    clock,
    log,
    registry: deps.registry,
    handlerTimeoutMs: 2 * computeTimeoutMs + locks.ttlMs + handlerMarginMs,
  });
  return { services: [service] };
};

const handle = async (worker: Worker, event: Requested, { signal, log }: HandlerContext): Promise<Outcome> => {
  const request = readRequest(event);
  const asked = request === undefined ? undefined : readQuestion(request);
  if (request === undefined || asked === undefined) return dead('invalid_request');
  try {
    const record = await work(worker, { request, asked }, { attempts: event.attempt, signal });
    await announce(worker, request, record, signal);
    const { cached, durationMs, status } = record;
    log.info({ analysis_id: request.analysisId, status, cached, durationMs }, 'an analysis has ended');
    return ack;
  } catch (error) {
    // The bus knows best what to do when it was the one who gave up.
    if (signal.aborted) throw error;
    const code = failureCode(error);
    log.warn({ err: error, analysis_id: request.analysisId, code }, 'an attempt at an analysis failed');
    if (event.attempt >= DURABLE_LIMITS.maxAttempts) return dead(code);
    return retry(worker.retryDelaysMs[event.attempt - 1] ?? worker.retryDelaysMs[1], code);
  }
};

/** Brings the row to its end, or finds it there already. */
const work = async (
  { records, answers, clock, metrics }: Worker,
  { request, asked }: { request: AnalysisRequest; asked: Asked },
  { attempts, signal }: { attempts: number; signal: AbortSignal },
): Promise<AnalysisRecord> => {
  const startedMs = clock.nowMs();
  const begun = await records.begin(request, { attempts, nowMs: startedMs });
  if (begun.status !== 'processing') return begun;
  const { answer, cached } = await answers.find(asked.question, asked.tier, signal);
  const nowMs = clock.nowMs();
  const record = await records.complete(request.analysisId, { answer, cached, durationMs: nowMs - startedMs, nowMs });
  metrics.ended.inc(record.cached ? 'cached' : 'computed');
  return record;
};

/**
 * Publishes what there is to say. Repeated here while there is time: the answer is there, so an attempt that failed for a
 * bus that is away would be an attempt lost.
 */
const announce = async (
  { publisher, clock, log }: Worker,
  request: AnalysisRequest,
  record: AnalysisRecord,
  signal: AbortSignal,
): Promise<void> => {
  for (const event of announcements(request, record)) {
    const pauses = backoff({ minMs: 100, maxMs: 2_000, clock });
    for (;;) {
      try {
        await publisher.publish(event, signal);
        break;
      } catch (error) {
        if (signal.aborted) throw error;
        log.warn(
          { err: error, subject: event.subject, correlation_id: event.correlationId },
          'an event could not be published; trying again',
        );
        await pauses.next(signal);
      }
    }
  }
};

/** The last word about a request that is about to become a dead letter. Says completed where an answer is there after all. */
const bury = async (worker: Worker, event: Requested | undefined, { reason, attempts }: Death): Promise<void> => {
  const request = event === undefined ? undefined : readRequest(event);
  // Nobody can be told about bytes that do not say who asked.
  if (request === undefined) return;
  const { records, clock, log, metrics } = worker;
  const code = codeOfReason(reason);
  const record = await records.fail(request, { code, attempts, nowMs: clock.nowMs() });
  for (const announcement of announcements(request, record)) await worker.publisher.publish(announcement);
  if (record.status === 'failed') metrics.ended.inc('failed');
  const { analysisId, correlationId } = request;
  log.warn({ analysis_id: analysisId, correlation_id: correlationId, code, attempts }, 'an analysis failed for good');
};
