import type { Clock } from '#pkg/runtime/clock.ts';
import type { Bus } from './client.ts';
import type { Delivery } from './delivery.ts';
import type { Held } from './held.ts';
import { type DurableSpec, STREAMS } from './stream-table.ts';

/** What `Answers` needs. */
export interface AnswersOptions {
  bus: Pick<Bus, 'nc' | 'downSinceMs'>;
  spec: DurableSpec;
  clock: Clock;
}

const ANSWER_TIMEOUT_MS = 2_000;
const ANSWER_TRIES = 3;
const RECONNECT_POLL_MS = 50;
/** After this long the server has most likely given the message to somebody else. */
const RECONNECT_PATIENCE_MS = 60_000;

/** Tells the server what became of its messages. */
export class Answers {
  readonly #options: AnswersOptions;
  readonly #forgets: boolean;
  #stopping = false;

  constructor(options: AnswersOptions) {
    this.#options = options;
    this.#forgets = STREAMS[options.spec.stream].storage === 'memory';
  }

  /** From now on nothing is waited for or repeated. */
  stop(): void {
    this.#stopping = true;
  }

  /**
   * An answer that is given to a lost connection is lost with it.
   * @throws Error when the connection does not come back in time, or not before the end
   */
  async untilConnected(): Promise<void> {
    const { bus, clock } = this.#options;
    for (let waitedMs = 0; bus.downSinceMs !== undefined; waitedMs += RECONNECT_POLL_MS) {
      if (this.#stopping || waitedMs > RECONNECT_PATIENCE_MS) throw new Error('there is no connection to answer on');
      await clock.sleep(RECONNECT_POLL_MS);
    }
  }

  /**
   * Done; resolves when the server knows. An answer that it does not confirm would come to nothing only after its
   * patience; so it is given again.
   * @throws Error when it does not confirm
   */
  async ack(held: Held): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      await this.untilConnected();
      if (this.isOver(held.delivery)) return;
      try {
        await held.delivery.ack(ANSWER_TIMEOUT_MS);
        return;
      } catch (error) {
        if (tries === ANSWER_TRIES || this.#stopping) throw error;
      }
    }
  }

  /** Done; nobody looks whether the server hears it. If not, the message comes again. */
  ackUnheard({ delivery }: Held): void {
    this.#say(delivery, () => delivery.ackUnheard());
  }

  /** Again, after `delayMs` or at once. */
  nak({ delivery }: Held, delayMs?: number): void {
    this.#say(delivery, () => delivery.nak(delayMs));
  }

  /** Never again. */
  term({ delivery }: Held): void {
    this.#say(delivery, () => delivery.term());
  }

  #say(delivery: Delivery, answer: () => void): void {
    if (this.isOver(delivery)) return;
    try {
      answer();
    } catch {
      // The connection is closed for good: the server gives the message to somebody else.
    }
  }

  /**
   * Whether the message is gone for good: a stream in memory ends with its server. The same numbers are then other messages,
   * and must neither be answered for nor be taken for this one.
   */
  isOver({ serverId }: Delivery): boolean {
    return this.#forgets && serverId !== this.#options.bus.nc.info?.server_id;
  }
}
