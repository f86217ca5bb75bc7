import { LENSES, type Lens } from '#pkg/contracts/lens.ts';
import type { Logger } from '#pkg/runtime/log.ts';
import { type ClosedCounter, createClosedCounter, type Registry } from '#pkg/runtime/metrics.ts';
import { AppEvents } from '#pkg/rest/rest-events.ts';
import { LIMIT_NAMES, type LimitName } from './limits.ts';

/** How sign-ins end. */
export const SIGN_IN_OUTCOMES = ['signed_in', 'registered', 'refused', 'unavailable'] as const;
export type SignInOutcome = (typeof SIGN_IN_OUTCOMES)[number];

/** What happens in core-api: each thing writes its metric and its log line here and nowhere else. */
export class CoreEvents extends AppEvents {
  readonly #accepted: ClosedCounter<Lens>;
  readonly #signIns: ClosedCounter<SignInOutcome>;
  readonly #refused: ClosedCounter<LimitName>;

  constructor(log: Logger, registry: Registry) {
    super(log, registry, { answers: 'skyflow_api_answers_total', seconds: 'skyflow_api_seconds', app: 'the API' });
    const counter = <V extends string>(
      name: `skyflow_${string}_total`,
      help: string,
      [label, values]: readonly [string, readonly V[]],
    ) => createClosedCounter(registry, { name, help, label, values });
    this.#accepted = counter('skyflow_analyses_accepted_total', 'Analyses accepted by lens', ['lens', LENSES]);
    this.#signIns = counter('skyflow_sign_ins_total', 'Sign-ins by outcome', ['outcome', SIGN_IN_OUTCOMES]);
    this.#refused = counter('skyflow_rate_limited_total', 'Requests refused by limit', ['limit', LIMIT_NAMES]);
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
    this.log.info({ lens, analysis_id: analysisId, correlation_id: correlationId }, 'analysis accepted');
  }

  signIn(outcome: SignInOutcome, fields: { correlationId: string; error?: string; userId?: string }): void {
    this.#signIns.inc(outcome);
    const { correlationId, userId, error } = fields;
    this.log.info({ outcome, correlation_id: correlationId, user_id: userId, error }, 'sign-in');
  }

  rateLimited(limit: LimitName): void {
    this.#refused.inc(limit);
  }

  /** A refresh token was used twice: its family of sessions is gone. */
  refreshReused(correlationId: string, userId: string): void {
    const fields = { correlation_id: correlationId, user_id: userId };
    this.log.warn(fields, 'a refresh token was used again; its session has been ended');
  }
}
