import type { Clock } from '#pkg/runtime/clock.ts';
import type { Logger } from '#pkg/runtime/log.ts';
import type { Answers } from './answers.ts';
import { Burial } from './burial.ts';
import type { Bus } from './client.ts';
import type { Status } from './consume-metrics.ts';
import type { Death } from './dead-letter.ts';
import type { Held } from './held.ts';
import { type Outcome, retry } from './outcome.ts';
import { attemptOf, type Read } from './reading.ts';
import { growingPauseAfter, pauseAfter } from './retry-pause.ts';
import { DURABLE_LIMITS, type DurableSpec } from './stream-table.ts';

/** What a `Settling` needs. */
export interface SettlingOptions<M> {
  bus: Bus;
  spec: DurableSpec;
  answers: Answers;
  clock: Clock;
  log: Logger;
  /** How long `onDead` may take. */
  handlerTimeoutMs: number;
  /** For the log: event_id, correlation_id. */
  idsOf: (message: M) => object;
  onDead: ((message: M | undefined, death: Death) => Promise<void>) | undefined;
  /** A message is repeated until it is done, however often that may be. */
  neverDead: boolean;
}

/** One that the handler is to get. */
export interface Ready<M, H extends Held = Held> {
  held: H;
  message: M;
  /** Which one it was when it was read. */
  attempt: number;
}

/** What stands in the place of a message that the handler does not get. */
export type Unread<M> = Exclude<Read<M>, { kind: 'message' }>;

/** Makes of what a handler said about one message the answer to the server. */
export class Settling<M> {
  readonly #options: SettlingOptions<M>;
  readonly #burial: Burial;

  constructor(options: SettlingOptions<M>) {
    this.#options = options;
    this.#burial = new Burial({ ...options, tellTimeoutMs: options.handlerTimeoutMs });
  }

  /** What was decided over a message whose burial failed before. */
  verdictOf(held: Held): Death | undefined {
    return this.#burial.verdictOf(held);
  }

  /** What follows from an attempt that threw. */
  failure({ held, message, attempt }: Ready<M>, error: Error): Outcome {
    const { log, idsOf, neverDead } = this.#options;
    const { subject, deliveryCount } = held.delivery;
    log.warn({ err: error, subject, attempt, ...idsOf(message) }, 'handling an event failed');
    return retry(neverDead ? growingPauseAfter(deliveryCount) : pauseAfter(attempt), error.message);
  }

  /** Answers as the handler said, and waits until the server knows. */
  async answer(one: Ready<M>, given: Outcome): Promise<Status> {
    const { held, message, attempt } = one;
    const { answers, neverDead } = this.#options;
    const outcome =
      given.kind === 'dead' && neverDead ? this.failure(one, new Error(`nothing dies here: ${given.reason}`)) : given;
    if (outcome.kind === 'ack') {
      await answers.ack(held);
      return 'success';
    }
    const isLast = attempt === DURABLE_LIMITS.maxAttempts && !neverDead;
    if (outcome.kind === 'dead' || isLast)
      return this.bury(held, message, { reason: outcome.reason, attempts: attempt });
    await answers.untilConnected();
    answers.nak(held, outcome.delayMs);
    return 'failed';
  }

  /** Answers for one that the handler does not get. */
  async unread(held: Held, read: Unread<M>): Promise<Status> {
    if (read.kind === 'unreadable') {
      return this.bury(held, undefined, { reason: read.reason, attempts: attemptOf(held.delivery) });
    }
    const { answers } = this.#options;
    await answers.untilConnected();
    answers.ackUnheard(held);
    return 'success';
  }

  /** The last step of one that is given up. */
  bury(held: Held, message: M | undefined, death: Death): Promise<Status> {
    const { onDead, idsOf } = this.#options;
    const tell = onDead === undefined ? undefined : async () => onDead(message, death);
    return this.#burial.bury(held, { death, tell, ids: message === undefined ? undefined : idsOf(message) });
  }
}
