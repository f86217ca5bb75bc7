import { LENSES, type Lens } from '#pkg/contracts/lens.ts';
import type { Logger } from '#pkg/runtime/log.ts';
import { type ClosedCounter, createClosedCounter, Histogram, type Registry } from '#pkg/runtime/metrics.ts';
import { StoreAwayError } from '#pkg/rest/away.ts';
import { LIMIT_NAMES, type LimitName } from './limits.ts';

/** How sign-ins end. */
export const SIGN_IN_OUTCOMES = ['signed_in', 'registered', 'refused', 'unavailable'] as const;
export type SignInOutcome = (typeof SIGN_IN_OUTCOMES)[number];

/** The groups in which answers are counted. */
const CLASSES = ['1xx', '2xx', '3xx', '4xx', '5xx'] as const;

/** What happens in core-api: each thing writes its metric and its log line here and nowhere else. */
export class CoreEvents {
  readonly #log: Logger;
  readonly #answers: ClosedCounter<(typeof CLASSES)[number]>;
  readonly #seconds: Histogram;
  readonly #accepted: ClosedCounter<Lens>;
  readonly #signIns: ClosedCounter<SignInOutcome>;
  readonly #refused: ClosedCounter<LimitName>;

  constructor(log: Logger, registry: Registry) {
    this.#log = log;
    const counter = <V extends string>(
      name: `skyflow_${string}_total`,
      help: string,
      [label, values]: readonly [string, readonly V[]],
    ) => createClosedCounter(registry, { name, help, label, values });
    this.#answers = counter('skyflow_api_answers_total', 'Answers of the API by class of status', ['class', CLASSES]);
    this.#accepted = counter('skyflow_analyses_accepted_total', 'Analyses accepted by lens', ['lens', LENSES]);
    this.#signIns = counter('skyflow_sign_ins_total', 'Sign-ins by outcome', ['outcome', SIGN_IN_OUTCOMES]);
    this.#refused = counter('skyflow_rate_limited_total', 'Requests refused by limit', ['limit', LIMIT_NAMES]);
    this.#seconds = new Histogram({
      name: 'skyflow_api_seconds',
      help: 'Time from request to answer',
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 5],
      registers: [registry],
    });
  }

  answered(status: number, seconds: number): void {
    const group = CLASSES[Math.floor(status / 100) - 1];
    if (group !== undefined) this.#answers.inc(group);
    this.#seconds.observe(seconds);
  }

  analysisAccepted({
    lens,
    analysisId,
    correlationId,
  }: {
    lens: Lens;
    analysisId: string;
    correlationId: string;
  }): void {
    this.#accepted.inc(lens);
    this.#log.info({ lens, analysis_id: analysisId, correlation_id: correlationId }, 'analysis accepted');
  }

  signIn(outcome: SignInOutcome, fields: { correlationId: string; error?: string; userId?: string }): void {
    this.#signIns.inc(outcome);
    const { correlationId, userId, error } = fields;
    this.#log.info({ outcome, correlation_id: correlationId, user_id: userId, error }, 'sign-in');
  }

  rateLimited(limit: LimitName): void {
    this.#refused.inc(limit);
  }

  /** A refresh token was used twice: its family of sessions is gone. */
  refreshReused(correlationId: string, userId: string): void {
    const fields = { correlation_id: correlationId, user_id: userId };
    this.#log.warn(fields, 'a refresh token was used again; its session has been ended');
  }

  /** A request failed for a reason that is not its own. */
  requestFailed(
    error: unknown,
    { correlationId, ...asked }: { correlationId: string; method: string; path: string },
  ): void {
    const fields = { correlation_id: correlationId, ...asked };
    if (error instanceof StoreAwayError) {
      this.#log.warn({ ...fields, store: error.store, err: error.cause }, 'a store is away; the answer is 503');
    } else this.#log.error({ ...fields, err: error }, 'a request failed');
  }
}
