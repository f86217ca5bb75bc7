import type { Logger } from '#pkg/runtime/log.ts';
import { type ClosedCounter, createClosedCounter, Histogram, type Registry } from '#pkg/runtime/metrics.ts';
import type { FailedRequest, RestEvents } from '#pkg/rest/app.ts';
import { StoreAwayError } from '#pkg/rest/away.ts';

/** The limits, as they stand in metrics and in Redis keys. */
export const FEED_LIMIT_NAMES = ['feed_requests', 'key_attempts', 'key_requests'] as const;
export type FeedLimitName = (typeof FEED_LIMIT_NAMES)[number];

const CLASSES = ['1xx', '2xx', '3xx', '4xx', '5xx'] as const;

/** What happens in the feeds' REST API: each thing writes its metric and its log line here. */
export class FeedRestEvents implements RestEvents {
  readonly #log: Logger;
  readonly #answers: ClosedCounter<(typeof CLASSES)[number]>;
  readonly #refused: ClosedCounter<FeedLimitName>;
  readonly #seconds: Histogram;

  constructor(log: Logger, registry: Registry) {
    this.#log = log;
    this.#answers = createClosedCounter(registry, {
      name: 'skyflow_feed_api_answers_total',
      help: 'Answers of the REST API of feeds by class of status',
      label: 'class',
      values: CLASSES,
    });
    this.#refused = createClosedCounter(registry, {
      name: 'skyflow_feed_api_rate_limited_total',
      help: 'Requests to the REST API of feeds that were refused by limit',
      label: 'limit',
      values: FEED_LIMIT_NAMES,
    });
    this.#seconds = new Histogram({
      name: 'skyflow_feed_api_seconds',
      help: 'Time from request to answer of the REST API of feeds',
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 5],
      registers: [registry],
    });
  }

  answered(status: number, seconds: number): void {
    const group = CLASSES[Math.floor(status / 100) - 1];
    if (group !== undefined) this.#answers.inc(group);
    this.#seconds.observe(seconds);
  }

  rateLimited(limit: FeedLimitName): void {
    this.#refused.inc(limit);
  }

  /** The operator's program changed something. */
  changed(fields: {
    readonly correlationId: string;
    readonly keyId: string;
    readonly what: string;
    readonly rows: number;
  }): void {
    const { correlationId, keyId, what, rows } = fields;
    this.#log.info(
      { correlation_id: correlationId, key_id: keyId, what, rows },
      'rules of feeds were changed by an API key',
    );
  }

  requestFailed(error: Error, { correlationId, method, path }: FailedRequest): void {
    const fields = { correlation_id: correlationId, method, path };
    if (error instanceof StoreAwayError) {
      this.#log.warn({ ...fields, store: error.store, err: error.cause }, 'a store is away; the answer is 503');
    } else this.#log.error({ ...fields, err: error }, 'a request failed');
  }
}
