import type { Clock } from '#pkg/runtime/clock.ts';
import { toError } from '#pkg/runtime/errors.ts';
import type { Logger } from '#pkg/runtime/log.ts';
import type { Bus } from './client.ts';
import type { ConsumeMetrics, Status } from './consume-metrics.ts';
import { type Death, publishDeadLetter } from './dead-letter.ts';
import type { Delivery } from './delivery.ts';
import { decodeEvent, type EventDefinition, EVENTS } from './events.ts';
import type { Handler, OnDead, ReceivedEvent } from './handler.ts';
import { type Outcome, retry } from './outcome.ts';
import { DURABLE_LIMITS, type DurableSpec } from './stream-table.ts';

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

/** A message that is being worked on. */
interface Held {
  /** The newest delivery of it: after a lost connection the server may send it again while we are still at it. */
  delivery: Delivery;
  abort: AbortController;
}

type Read<D extends EventDefinition> =
  | { kind: 'event'; event: ReceivedEvent<D> }
  | { kind: 'not ours' }
  | { kind: 'unreadable'; reason: string };

const ANSWER_TIMEOUT_MS = 2_000;
const ANSWER_TRIES = 3;
const RECONNECT_POLL_MS = 50;
/** After this long the server has most likely given the message to somebody else. */
const RECONNECT_PATIENCE_MS = 60_000;
/** How long a handler may take to notice that its signal aborted, before it is left behind. */
const ABANDON_MS = 2_000;
/** Pauses after an attempt that threw, before the second and the third. A quarter more or less, so that failures spread. */
const RETRY_MS = [2_000, 10_000] as const;
const MAX_DEAD_PAUSE_MS = 60_000;
/** Verdicts over messages whose last step failed; beyond this many the oldest is forgotten and its handler runs again. */
const MAX_VERDICTS = 1_000;

/** Takes one delivery after the other through its handler to an answer. */
export class MessageRunner<D extends EventDefinition> {
  readonly #options: RunnerOptions<D>;
  readonly #held = new Map<string, Held>();
  readonly #verdicts = new Map<string, Death>();
  #stopping = false;

  constructor(options: RunnerOptions<D>) {
    this.#options = options;
  }

  /** How many messages are being worked on. */
  get running(): number {
    return this.#held.size;
  }

  /** Works on a delivery until it is answered. Never rejects. */
  async run(delivery: Delivery): Promise<void> {
    const key = `${delivery.streamSequence}-${delivery.storedAtNs}`;
    const known = this.#held.get(key);
    if (known !== undefined) {
      known.delivery = delivery;
      return;
    }
    const { clock, metrics, log } = this.#options;
    const held: Held = { delivery, abort: new AbortController() };
    this.#held.set(key, held);
    const startedMs = clock.nowMs();
    try {
      const status = await this.#handle(key, held);
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
    for (const { abort } of this.#held.values()) abort.abort(reason);
  }

  /** Gives the messages back whose handlers did not end. */
  release(): number {
    for (const { delivery } of this.#held.values()) delivery.nak();
    return this.#held.size;
  }

  async #handle(key: string, held: Held): Promise<Status> {
    const { deliveryCount } = held.delivery;
    const attempts = Math.min(deliveryCount, DURABLE_LIMITS.maxAttempts);
    const read = this.#read(held.delivery);
    if (read.kind === 'not ours') {
      await this.#acknowledge(held);
      return 'success';
    }
    if (read.kind === 'unreadable') return this.#bury(key, held, undefined, { reason: read.reason, attempts });
    const { event } = read;
    const verdict = this.#verdicts.get(key);
    if (verdict !== undefined) return this.#bury(key, held, event, verdict);
    if (deliveryCount > DURABLE_LIMITS.maxAttempts) {
      const reason = `not finished in ${attempts} attempts: each time the process ended or lost the connection`;
      return this.#bury(key, held, event, { reason, attempts });
    }
    const outcome = await this.#attempt(event, held);
    await this.#untilConnected();
    if (outcome === 'released') {
      held.delivery.nak();
      return 'failed';
    }
    if (outcome.kind === 'ack') {
      await this.#acknowledge(held);
      return 'success';
    }
    const isLast = attempts === DURABLE_LIMITS.maxAttempts;
    if (outcome.kind === 'dead' || isLast) return this.#bury(key, held, event, { reason: outcome.reason, attempts });
    held.delivery.nak(outcome.delayMs);
    return 'failed';
  }

  /** An answer that the server does not confirm would come to nothing only after its patience; so it is given again. */
  async #acknowledge(held: Held): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      await this.#untilConnected();
      try {
        await held.delivery.ack(ANSWER_TIMEOUT_MS);
        return;
      } catch (error) {
        if (tries === ANSWER_TRIES || this.#stopping) throw error;
      }
    }
  }

  /** An answer that is given to a lost connection is lost with it. */
  async #untilConnected(): Promise<void> {
    const { bus, clock } = this.#options;
    for (let waitedMs = 0; bus.downSinceMs !== undefined; waitedMs += RECONNECT_POLL_MS) {
      if (this.#stopping || waitedMs > RECONNECT_PATIENCE_MS) throw new Error('there is no connection to answer on');
      await clock.sleep(RECONNECT_POLL_MS);
    }
  }

  #read(delivery: Delivery): Read<D> {
    const { subject, bytes, deliveryCount, streamSequence } = delivery;
    const definition = this.#options.definitions.find((known) => known.subject === subject);
    if (definition === undefined) {
      const exists = Object.values(EVENTS).some((known) => known.subject === subject);
      return exists ? { kind: 'not ours' } : { kind: 'unreadable', reason: 'unknown event type' };
    }
    try {
      const decoded = decodeEvent(definition, bytes);
      const attempt = Math.min(deliveryCount, DURABLE_LIMITS.maxAttempts);
      return { kind: 'event', event: { ...decoded, attempt, streamSequence } as ReceivedEvent<D> };
    } catch (error) {
      return { kind: 'unreadable', reason: `undecodable: ${toError(error).message}` };
    }
  }

  /** One call of the handler; `released` when a shutdown ended it. */
  async #attempt(event: ReceivedEvent<D>, held: Held): Promise<Outcome | 'released'> {
    const { handler, log, handlerTimeoutMs } = this.#options;
    const { eventId, subject, correlationId, attempt } = event;
    const own = log.child({ correlation_id: correlationId, event_id: eventId, subject, attempt });
    try {
      const work = async () => handler(event, { signal: held.abort.signal, log: own });
      return await this.#within(work, held.abort);
    } catch (error) {
      if (this.#stopping) return 'released';
      own.warn({ err: error }, 'handling an event failed');
      const late = held.abort.signal.aborted ? `no answer within ${handlerTimeoutMs} ms` : undefined;
      const pauseMs = (RETRY_MS[attempt - 1] ?? RETRY_MS[1]) * (0.75 + Math.random() / 2);
      return retry(pauseMs, late ?? toError(error).message);
    }
  }

  /** Rejects when `work` takes longer than a handler may: its signal aborts, and a little later it is left behind. */
  async #within<T>(work: () => Promise<T>, abort: AbortController): Promise<T> {
    const { clock, handlerTimeoutMs } = this.#options;
    const done = new AbortController();
    const abandoned = (async () => {
      await clock.sleep(handlerTimeoutMs, done.signal);
      const error = new DOMException(`no answer within ${handlerTimeoutMs} ms`, 'TimeoutError');
      abort.abort(error);
      await clock.sleep(ABANDON_MS, done.signal);
      throw error;
    })();
    // After the race its AbortError concerns nobody.
    abandoned.catch(() => undefined);
    try {
      return await Promise.race([work(), abandoned]);
    } finally {
      done.abort();
    }
  }

  /** The last step: tell, publish the dead letter, end the deliveries. Repeated until all three worked. */
  async #bury(key: string, held: Held, event: ReceivedEvent<D> | undefined, death: Death): Promise<Status> {
    const { bus, spec, onDead, log } = this.#options;
    const ids = { subject: held.delivery.subject, event_id: event?.eventId, correlation_id: event?.correlationId };
    try {
      if (onDead !== undefined) await this.#within(async () => onDead(event, death), new AbortController());
      await this.#untilConnected();
      await publishDeadLetter(bus, spec, held.delivery, death);
    } catch (error) {
      log.error({ err: error, ...ids, ...death }, 'a message could not be made a dead letter; it will come again');
      this.#remember(key, death);
      held.delivery.nak(Math.min(MAX_DEAD_PAUSE_MS, 1_000 * 2 ** Math.min(held.delivery.deliveryCount - 1, 10)));
      return 'failed';
    }
    held.delivery.term();
    this.#verdicts.delete(key);
    log.error({ ...ids, ...death, durable: spec.durable }, 'a message is a dead letter');
    return 'dlq';
  }

  #remember(key: string, death: Death): void {
    this.#verdicts.set(key, death);
    const [oldest] = this.#verdicts.keys();
    if (this.#verdicts.size > MAX_VERDICTS && oldest !== undefined) this.#verdicts.delete(oldest);
  }
}
