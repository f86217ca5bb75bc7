import type { Clock } from '#pkg/runtime/clock.ts';
import { toError } from '#pkg/runtime/errors.ts';
import type { Logger } from '#pkg/runtime/log.ts';
import { Answers } from './answers.ts';
import { Burial } from './burial.ts';
import type { Bus } from './client.ts';
import type { ConsumeMetrics, Status } from './consume-metrics.ts';
import { type Death, unfinished } from './dead-letter.ts';
import type { Delivery } from './delivery.ts';
import type { EventDefinition } from './events.ts';
import type { Handler, OnDead, ReceivedEvent } from './handler.ts';
import { type Held as AnyHeld, keyOf } from './held.ts';
import { type Outcome, retry } from './outcome.ts';
import type { Runner } from './pull-loop.ts';
import { attemptOf, eventReader, type Read } from './reading.ts';
import { pauseAfter } from './retry-pause.ts';
import { DURABLE_LIMITS, type DurableSpec } from './stream-table.ts';
import { lateness, within } from './time-limit.ts';

/** What a runner needs. */
export interface RunnerOptions<D extends EventDefinition> {
  bus: Bus;
  spec: DurableSpec;
  definitions: readonly D[];
  handler: Handler<D>;
  onDead: OnDead<D> | undefined;
  clock: Clock;
  log: Logger;
  metrics: ConsumeMetrics;
  handlerTimeoutMs: number;
}

interface Held extends AnyHeld {
  readonly abort: AbortController;
}

/** Takes one delivery after the other through its handler to an answer. */
export class MessageRunner<D extends EventDefinition> implements Runner {
  readonly #options: RunnerOptions<D>;
  readonly #held = new Map<string, Held>();
  readonly #answers: Answers;
  readonly #burial: Burial;
  readonly #read: (delivery: Delivery) => Read<ReceivedEvent<D>>;
  #stopping = false;

  constructor(options: RunnerOptions<D>) {
    this.#options = options;
    this.#answers = new Answers(options);
    this.#burial = new Burial({ ...options, answers: this.#answers, tellTimeoutMs: options.handlerTimeoutMs });
    this.#read = eventReader(options.definitions);
  }

  /** How many messages are being worked on. */
  get running(): number {
    return this.#held.size;
  }

  /** Works on a delivery until it is answered. Never rejects. */
  async run(delivery: Delivery): Promise<void> {
    const key = keyOf(delivery);
    const known = this.#held.get(key);
    if (known !== undefined) {
      known.delivery = delivery;
      return;
    }
    const { clock, metrics, log } = this.#options;
    const held: Held = { key, delivery, abort: new AbortController() };
    this.#held.set(key, held);
    const startedMs = clock.nowMs();
    try {
      const status = await this.#handle(held);
      metrics.record(delivery.subject, status, (clock.nowMs() - startedMs) / 1000);
    } catch (error) {
      // Answering failed; the server will deliver it again.
      log.warn({ err: error, subject: delivery.subject }, 'a message could not be answered');
    } finally {
      this.#held.delete(key);
    }
  }

  /** Tells the server that all messages are being worked on. */
  keepAlive(): void {
    for (const { delivery } of this.#held.values()) delivery.working();
  }

  /** Aborts the signals of all handlers. What they throw from now on is the shutdown's doing. */
  abort(reason: Error): void {
    this.#stopping = true;
    this.#answers.stop();
    for (const { abort } of this.#held.values()) abort.abort(reason);
  }

  /** Gives the messages back whose handlers did not end. */
  release(): number {
    for (const held of this.#held.values()) this.#answers.nak(held);
    return this.#held.size;
  }

  async #handle(held: Held): Promise<Status> {
    const { deliveryCount } = held.delivery;
    const attempts = attemptOf(held.delivery);
    const read = this.#read(held.delivery);
    if (read.kind === 'not ours') {
      await this.#answers.ack(held);
      return 'success';
    }
    if (read.kind === 'unreadable') return this.#bury(held, undefined, { reason: read.reason, attempts });
    const { message: event } = read;
    const verdict = this.#burial.verdictOf(held);
    if (verdict !== undefined) return this.#bury(held, event, verdict);
    if (deliveryCount > DURABLE_LIMITS.maxAttempts) return this.#bury(held, event, unfinished(attempts));
    const outcome = await this.#attempt(event, held);
    await this.#answers.untilConnected();
    if (outcome === 'released') {
      this.#answers.nak(held);
      return 'failed';
    }
    if (outcome.kind === 'ack') {
      await this.#answers.ack(held);
      return 'success';
    }
    const isLast = attempts === DURABLE_LIMITS.maxAttempts;
    if (outcome.kind === 'dead' || isLast) return this.#bury(held, event, { reason: outcome.reason, attempts });
    this.#answers.nak(held, outcome.delayMs);
    return 'failed';
  }

  /** One call of the handler; `released` when a shutdown ended it. */
  async #attempt(event: ReceivedEvent<D>, { abort }: Held): Promise<Outcome | 'released'> {
    const { handler, clock, log, handlerTimeoutMs: ms } = this.#options;
    const { eventId, subject, correlationId, attempt } = event;
    const own = log.child({ correlation_id: correlationId, event_id: eventId, subject, attempt });
    try {
      const work = async () => handler(event, { signal: abort.signal, log: own });
      return await within(work, { ms, clock, abort });
    } catch (error) {
      if (this.#stopping) return 'released';
      own.warn({ err: error }, 'handling an event failed');
      return retry(pauseAfter(attempt), abort.signal.aborted ? lateness(ms) : toError(error).message);
    }
  }

  #bury(held: Held, event: ReceivedEvent<D> | undefined, death: Death): Promise<Status> {
    const { onDead } = this.#options;
    const tell = onDead === undefined ? undefined : async () => onDead(event, death);
    const ids = { event_id: event?.eventId, correlation_id: event?.correlationId };
    return this.#burial.bury(held, { death, tell, ids });
  }
}
