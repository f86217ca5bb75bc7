import type { Clock } from '#pkg/runtime/clock.ts';
import type { Logger } from '#pkg/runtime/log.ts';
import type { Answers } from './answers.ts';
import type { Bus } from './client.ts';
import { type Death, publishDeadLetter } from './dead-letter.ts';
import type { Held } from './held.ts';
import type { DurableSpec } from './stream-table.ts';
import { within } from './time-limit.ts';

/** What a `Burial` needs. */
export interface BurialOptions {
  bus: Bus;
  spec: DurableSpec;
  answers: Answers;
  clock: Clock;
  log: Logger;
  /** How long telling of a death may take. */
  tellTimeoutMs: number;
}

/** A message's end. */
export interface LastRites {
  death: Death;
  /** Told before the dead letter is published. While it throws, the message is not given up. */
  tell?: (() => Promise<void>) | undefined;
  /** For the log: event_id, correlation_id. */
  ids?: object | undefined;
}

const MAX_DEAD_PAUSE_MS = 60_000;
/** Verdicts over messages whose last step failed; beyond this many the oldest is forgotten and its handler runs again. */
const MAX_VERDICTS = 1_000;

/** Makes messages dead letters, and remembers which are to become one still. */
export class Burial {
  readonly #options: BurialOptions;
  readonly #verdicts = new Map<string, Death>();

  constructor(options: BurialOptions) {
    this.#options = options;
  }

  /** What was decided over a message whose burial failed before. */
  verdictOf({ key }: Held): Death | undefined {
    return this.#verdicts.get(key);
  }

  /** The last step: tell, publish the dead letter, end the deliveries. `failed`: it comes again and has to be repeated. */
  async bury(held: Held, { death, tell, ids }: LastRites): Promise<'dlq' | 'failed'> {
    const { bus, spec, answers, clock, log, tellTimeoutMs } = this.#options;
    const { subject, deliveryCount } = held.delivery;
    try {
      if (tell !== undefined) await within(tell, { ms: tellTimeoutMs, clock, abort: new AbortController() });
      await answers.untilConnected();
      await publishDeadLetter(bus, spec, held.delivery, death);
    } catch (error) {
      log.error(
        { err: error, subject, ...ids, ...death },
        'a message could not be made a dead letter; it will come again',
      );
      this.#remember(held, death);
      answers.nak(held, Math.min(MAX_DEAD_PAUSE_MS, 1_000 * 2 ** Math.min(deliveryCount - 1, 10)));
      return 'failed';
    }
    answers.term(held);
    this.#verdicts.delete(held.key);
    log.error({ subject, ...ids, ...death, durable: spec.durable }, 'a message is a dead letter');
    return 'dlq';
  }

  #remember({ key }: Held, death: Death): void {
    this.#verdicts.set(key, death);
    const [oldest] = this.#verdicts.keys();
    if (this.#verdicts.size > MAX_VERDICTS && oldest !== undefined) this.#verdicts.delete(oldest);
  }
}
