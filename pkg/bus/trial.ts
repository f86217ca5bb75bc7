import { backoff } from '#pkg/runtime/backoff.ts';
import type { Clock } from '#pkg/runtime/clock.ts';
import { toError } from '#pkg/runtime/errors.ts';
import type { Logger } from '#pkg/runtime/log.ts';
import type { HandlerContext } from './handler.ts';
import type { Outcome } from './outcome.ts';
import { lateness, within } from './time-limit.ts';

/** What a `Trial` needs. */
export interface TrialOptions<M> {
  handler: (messages: readonly M[], context: HandlerContext) => Promise<readonly Outcome[]>;
  /** Whether an error says that a store cannot be reached. */
  isAway: (error: Error) => boolean;
  clock: Clock;
  log: Logger;
  handlerTimeoutMs: number;
}

/** What came of a call: an outcome for each message, or none because it threw, or because a shutdown ended it. */
export type Verdict =
  | { kind: 'outcomes'; outcomes: readonly Outcome[] }
  | { kind: 'failed'; error: Error }
  | { kind: 'released' };

const AWAY_PAUSES = { minMs: 100, maxMs: 2_000 } as const;

/** Calls a handler, again and again while a store that it needs is away: that is nobody's failure. */
export class Trial<M> {
  readonly #options: TrialOptions<M>;
  readonly #over = new AbortController();
  #call: AbortController | undefined;

  constructor(options: TrialOptions<M>) {
    this.#options = options;
  }

  /** Aborts at the end of a shutdown. */
  get over(): AbortSignal {
    return this.#over.signal;
  }

  /** Ends the call and the pauses. What throws from now on is the shutdown's doing. */
  end(reason: Error): void {
    this.#over.abort(reason);
    this.#call?.abort(reason);
  }

  /** Never rejects, if `isAway` does not throw. */
  async hear(messages: readonly M[]): Promise<Verdict> {
    const { clock, log, isAway } = this.#options;
    const pauses = backoff({ ...AWAY_PAUSES, clock });
    while (!this.over.aborted) {
      try {
        const outcomes = await this.#callOnce(messages);
        if (pauses.attempts > 0) log.info({ tries: pauses.attempts + 1 }, 'the store is back; going on');
        return { kind: 'outcomes', outcomes };
      } catch (thrown) {
        const error = toError(thrown);
        if (this.over.aborted) break;
        if (!isAway(error)) return { kind: 'failed', error };
        if (pauses.attempts === 0) log.warn({ err: error }, 'a store is away; messages wait for it');
        await pauses.next(this.over).catch(() => undefined);
      }
    }
    return { kind: 'released' };
  }

  async #callOnce(messages: readonly M[]): Promise<readonly Outcome[]> {
    const { handler, isAway, clock, log, handlerTimeoutMs: ms } = this.#options;
    const abort = new AbortController();
    this.#call = abort;
    try {
      const outcomes = await within(async () => handler(messages, { signal: abort.signal, log }), { ms, clock, abort });
      if (outcomes.length === messages.length) return outcomes;
    } catch (error) {
      // A store that hangs may be said to be away only after the handler's time.
      const isLate = abort.signal.aborted && !this.over.aborted && !isAway(toError(error));
      throw isLate ? new Error(lateness(ms), { cause: error }) : error;
    }
    throw new Error('the handler did not say what became of each message');
  }
}
