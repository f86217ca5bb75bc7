import type { FailedRequest, RestEvents } from '#pkg/rest/app.ts';
import { StoreAwayError } from '#pkg/rest/away.ts';
import type { Logger } from '#pkg/runtime/log.ts';
import { type ClosedCounter, Counter, createClosedCounter, Histogram, type Registry } from '#pkg/runtime/metrics.ts';

/** The limit, as it stands in Redis keys. */
export type GamificationLimitName = 'gamification_requests';

const CLASSES = ['1xx', '2xx', '3xx', '4xx', '5xx'] as const;

/** What happens in the REST API of gamification: each thing writes its metric and its log line here. */
export class GamificationRestEvents implements RestEvents {
  readonly #log: Logger;
  readonly #answers: ClosedCounter<(typeof CLASSES)[number]>;
  readonly #refused: Counter;
  readonly #seconds: Histogram;

  constructor(log: Logger, registry: Registry) {
    this.#log = log;
    this.#answers = createClosedCounter(registry, {
      name: 'skyflow_gamification_api_answers_total',
      help: 'Answers of the REST API of gamification by class of status',
      label: 'class',
      values: CLASSES,
    });
    this.#refused = new Counter({
      name: 'skyflow_gamification_api_rate_limited_total',
      help: 'Requests to the REST API of gamification that were refused by its limit',
      registers: [registry],
    });
    this.#seconds = new Histogram({
      name: 'skyflow_gamification_api_seconds',
      help: 'Time from request to answer of the REST API of gamification',
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 5],
      registers: [registry],
    });
  }

  answered(status: number, seconds: number): void {
    const group = CLASSES[Math.floor(status / 100) - 1];
    if (group !== undefined) this.#answers.inc(group);
    this.#seconds.observe(seconds);
  }

  rateLimited(): void {
    this.#refused.inc();
  }

  /** Somebody left the leaderboards, or came back. */
  visibilitySet(fields: { readonly correlationId: string; readonly userId: string; readonly visible: boolean }): void {
    const { correlationId, userId, visible } = fields;
    this.#log.info(
      { correlation_id: correlationId, user_id: userId, visible },
      'a user chose whether to stand on leaderboards',
    );
  }

  /** The index could not say whom somebody follows. */
  indexFailed(error: Error, correlationId: string): void {
    this.#log.warn({ correlation_id: correlationId, err: error }, 'the index is away; the answer is 503');
  }

  /** What is cached for speed could not be written, or be forgotten. */
  cacheFailed(error: Error, correlationId: string): void {
    this.#log.warn({ correlation_id: correlationId, err: error }, 'stats of a user could not be cached');
  }

  requestFailed(error: Error, { correlationId, method, path }: FailedRequest): void {
    const fields = { correlation_id: correlationId, method, path };
    if (error instanceof StoreAwayError) {
      this.#log.warn({ ...fields, store: error.store, err: error.cause }, 'a store is away; the answer is 503');
    } else this.#log.error({ ...fields, err: error }, 'a request failed');
  }
}
