import type { Logger } from '#pkg/runtime/log.ts';
import { type ClosedCounter, createClosedCounter, Histogram, type Registry } from '#pkg/runtime/metrics.ts';
import type { FailedRequest, RestEvents } from './app.ts';
import { StoreAwayError } from './away.ts';

/** The groups in which answers are counted. */
const CLASSES = ['1xx', '2xx', '3xx', '4xx', '5xx'] as const;

/** The names of an app's metrics in full: who looks for one finds it in the code. */
export interface AnswerMetrics {
  readonly answers: `skyflow_${string}_total`;
  readonly seconds: `skyflow_${string}_seconds`;
  /** As in "Answers of the API of feeds". */
  readonly app: string;
}

/** What happens to the requests of every REST app: its metric and its log line are written here. Each app adds its own. */
export class AppEvents implements RestEvents {
  protected readonly log: Logger;
  readonly #answers: ClosedCounter<(typeof CLASSES)[number]>;
  readonly #seconds: Histogram;

  constructor(log: Logger, registry: Registry, { answers, seconds, app }: AnswerMetrics) {
    this.log = log;
    this.#answers = createClosedCounter(registry, {
      name: answers,
      help: `Answers of ${app} by class of status`,
      label: 'class',
      values: CLASSES,
    });
    this.#seconds = new Histogram({
      name: seconds,
      help: `Time from request to answer of ${app}`,
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 5],
      registers: [registry],
    });
  }

  answered(status: number, seconds: number): void {
    const group = CLASSES[Math.floor(status / 100) - 1];
    if (group !== undefined) this.#answers.inc(group);
    this.#seconds.observe(seconds);
  }

  /** A request failed for a reason that is not its own. */
  requestFailed(error: Error, { correlationId, method, path }: FailedRequest): void {
    const fields = { correlation_id: correlationId, method, path };
    if (error instanceof StoreAwayError) {
      this.log.warn({ ...fields, store: error.store, err: error.cause }, 'a store is away; the answer is 503');
    } else this.log.error({ ...fields, err: error }, 'a request failed');
  }
}
