import type { Logger } from '#pkg/runtime/log.ts';
import { type ClosedCounter, createClosedCounter, type Registry } from '#pkg/runtime/metrics.ts';
import { AppEvents } from '#pkg/rest/rest-events.ts';

/** The limits, as they stand in metrics and in Redis keys. */
export const FEED_LIMIT_NAMES = ['feed_requests', 'key_attempts', 'key_requests'] as const;
export type FeedLimitName = (typeof FEED_LIMIT_NAMES)[number];

/** What happens in the feeds' REST API: each thing writes its metric and its log line here. */
export class FeedRestEvents extends AppEvents {
  readonly #refused: ClosedCounter<FeedLimitName>;

  constructor(log: Logger, registry: Registry) {
    super(log, registry, {
      answers: 'skyflow_feed_api_answers_total',
      seconds: 'skyflow_feed_api_seconds',
      app: 'the REST API of feeds',
    });
    this.#refused = createClosedCounter(registry, {
      name: 'skyflow_feed_api_rate_limited_total',
      help: 'Requests to the REST API of feeds that were refused by limit',
      label: 'limit',
      values: FEED_LIMIT_NAMES,
    });
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
    this.log.info(
      { correlation_id: correlationId, key_id: keyId, what, rows },
      'rules of feeds were changed by an API key',
    );
  }
}
