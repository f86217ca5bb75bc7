import { nanos } from '@nats-io/transport-node';
import { systemClock } from '#pkg/runtime/clock.ts';
import type { Service } from '#pkg/runtime/lifecycle.ts';
import { createLogger } from '#pkg/runtime/log.ts';
import { consume, type ConsumeOptions, type ReceivedEvent } from './consume.ts';
import { consumeBatch, type ConsumeBatchOptions } from './consume-batch.ts';
import { type BusEvent, createEvent, EVENTS } from './events.ts';
import { createPublisher } from './publish.ts';
import { reconcileStreams } from './streams.ts';
import { openThrowawayBus, type ThrowawayBus } from './throwaway.ts';

type Requested = typeof EVENTS.timelineRequested;

/** The event that a handler of these tests gets. */
export type Event = ReceivedEvent<Requested>;

/** For `vi.waitFor`: long, because only a broken consumer uses it up. */
export const SLOW = { timeout: 45_000, interval: 20 };

const log = createLogger({ level: 'silent' });

/** A request whose ids are made of `id`. */
export function requested(id: string): BusEvent {
  return createEvent(
    EVENTS.timelineRequested,
    { eventId: `event-${id}`, aggregateId: id, correlationId: `cause-${id}`, nowMs: 1_700_000_000_000 },
    { analysisId: id, type: 'flow', window: '48h' },
  );
}

/** A NATS with all streams, and consumers of timeline-processor on it. */
export class ConsumerWorld {
  readonly throwaway: ThrowawayBus;
  readonly #stops: (() => Promise<void>)[] = [];

  private constructor(throwaway: ThrowawayBus) {
    this.throwaway = throwaway;
  }

  static async open(): Promise<ConsumerWorld> {
    return new ConsumerWorld(await openThrowawayBus());
  }

  get bus() {
    return this.throwaway.bus;
  }

  /** Deletes all that is on the server and makes it anew. */
  async begin(): Promise<void> {
    for await (const { config } of this.bus.jsm.streams.list()) await this.bus.jsm.streams.delete(config.name);
    await reconcileStreams(this.bus, log);
  }

  /** Stops all consumers that still run. */
  async end(): Promise<void> {
    for (const stop of this.#stops.splice(0)) await stop();
  }

  /** Runs a consumer until `stop` or `end`. */
  start(options: Partial<ConsumeOptions<Requested>> & Pick<ConsumeOptions<Requested>, 'handler'>) {
    const service = consume({
      bus: this.bus,
      durable: 'timeline-processor',
      event: EVENTS.timelineRequested,
      concurrency: 4,
      clock: systemClock,
      log,
      ...options,
    });
    return this.run(service);
  }

  /** The same for batches. */
  startBatch(options: Partial<ConsumeBatchOptions<Requested>> & Pick<ConsumeBatchOptions<Requested>, 'handler'>) {
    const defaults = { bus: this.bus, durable: 'timeline-processor', event: EVENTS.timelineRequested } as const;
    return this.run(consumeBatch({ ...defaults, clock: systemClock, log, ...options }));
  }

  /** Runs a service until `stop` or `end`. */
  run(service: Service) {
    const controller = new AbortController();
    const run = service.run(controller.signal);
    const stop = async () => {
      controller.abort();
      await run;
    };
    this.#stops.push(stop);
    return { stop };
  }

  /** Resolves when all that the server sent us so far has come. */
  async settled(): Promise<void> {
    await this.bus.nc.flush();
  }

  async publish(...ids: string[]): Promise<void> {
    const publisher = createPublisher(this.bus);
    for (const id of ids) await publisher.publish(requested(id));
  }

  /** How many messages the durable has not had an answer to. */
  async pending(durable = 'timeline-processor'): Promise<number> {
    const info = await this.bus.jsm.consumers.info('TIMELINE', durable);
    return info.num_pending + info.num_ack_pending;
  }

  async deadLetters() {
    const { state } = await this.bus.jsm.streams.info('DLQ');
    const letters = [];
    for (let seq = state.first_seq; seq <= state.last_seq && state.messages > 0; seq += 1) {
      const letter = await this.bus.jsm.streams.getMessage('DLQ', { seq });
      if (letter !== null) letters.push(letter);
    }
    return letters;
  }

  /** From now on the server delivers again after this long without a word. */
  async shortPatience(ms: number): Promise<void> {
    await this.bus.jsm.consumers.update('TIMELINE', 'timeline-processor', { ack_wait: nanos(ms) });
  }
}
