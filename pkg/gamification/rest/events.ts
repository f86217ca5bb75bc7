import { AppEvents } from '#pkg/rest/rest-events.ts';
import type { Logger } from '#pkg/runtime/log.ts';
import { Counter, type Registry } from '#pkg/runtime/metrics.ts';

/** The limit, as it stands in Redis keys. */
export type GamificationLimitName = 'gamification_requests';

/** What happens in the REST API of gamification: each thing writes its metric and its log line here. */
export class GamificationRestEvents extends AppEvents {
  readonly #refused: Counter;

  constructor(log: Logger, registry: Registry) {
    super(log, registry, {
      answers: 'skyflow_gamification_api_answers_total',
      seconds: 'skyflow_gamification_api_seconds',
      app: 'the REST API of gamification',
    });
    this.#refused = new Counter({
      name: 'skyflow_gamification_api_rate_limited_total',
      help: 'Requests to the REST API of gamification that were refused by its limit',
      registers: [registry],
    });
  }

  rateLimited(): void {
    this.#refused.inc();
  }

  /** Somebody left the leaderboards, or came back. */
  visibilitySet(fields: { readonly correlationId: string; readonly userId: string; readonly visible: boolean }): void {
    const { correlationId, userId, visible } = fields;
    this.log.info(
      { correlation_id: correlationId, user_id: userId, visible },
      'a user chose whether to stand on leaderboards',
    );
  }

  /** The index could not say whom somebody follows. */
  indexFailed(error: Error, correlationId: string): void {
    this.log.warn({ correlation_id: correlationId, err: error }, 'the index is away; the answer is 503');
  }

  /** What is cached for speed could not be written, or be forgotten. */
  cacheFailed(error: Error, correlationId: string): void {
    this.log.warn({ correlation_id: correlationId, err: error }, 'stats of a user could not be cached');
  }
}
