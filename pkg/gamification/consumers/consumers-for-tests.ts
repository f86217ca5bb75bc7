import { randomUUID } from 'node:crypto';
import type { Bus } from '#pkg/bus/client.ts';
import { type BusEvent, createEvent, decodeEvent, EVENTS } from '#pkg/bus/events.ts';
import { createPublisher, publishRaw } from '#pkg/bus/publish.ts';
import type { StreamName } from '#pkg/bus/stream-table.ts';
import { reconcileStreams } from '#pkg/bus/streams.ts';
import { openThrowawayBus } from '#pkg/bus/throwaway.ts';
import { OutboxRelay } from '#pkg/outbox/relay.ts';
import type { Postgres } from '#pkg/postgres/client.ts';
import { systemClock } from '#pkg/runtime/clock.ts';
import type { Service } from '#pkg/runtime/lifecycle.ts';
import { createLogger } from '#pkg/runtime/log.ts';
import { createMetrics } from '#pkg/runtime/metrics.ts';
import { createLedger, type Ledger } from '../ledger/ledger.ts';
import { type LedgerWorld, openLedgerWorld } from '../ledger/ledger-for-tests.ts';

export const log = createLogger({ level: 'silent' });
/** For `expect.poll`: long, because only what is broken uses it up. */
export const SLOW = { timeout: 45_000, interval: 20 };

/** A real NATS, a real Postgres, and a ledger whose events reach the bus. */
export class ConsumersWorld implements AsyncDisposable {
  readonly bus: Bus;
  readonly stores: LedgerWorld;
  readonly ledger: Ledger;
  /** While set, every statement of the ledger fails with it. */
  trouble: Error | undefined;
  /** Transactions that failed so. */
  failures = 0;
  readonly #relay: OutboxRelay;
  readonly #closeBus: () => Promise<void>;
  readonly #stops: (() => Promise<void>)[] = [];

  private constructor(stores: LedgerWorld, { bus, close }: { bus: Bus; close: () => Promise<void> }) {
    this.stores = stores;
    this.bus = bus;
    this.#closeBus = close;
    const { postgres } = stores;
    const parts = { postgres, clock: systemClock, log, registry: createMetrics() };
    this.#relay = new OutboxRelay({ ...parts, publisher: createPublisher(bus) });
    this.ledger = createLedger({ ...parts, postgres: this.#troubled(postgres), relay: this.#relay });
  }

  static async open(): Promise<ConsumersWorld> {
    const [stores, throwaway] = await Promise.all([openLedgerWorld(), openThrowawayBus()]);
    const { bus } = throwaway;
    await reconcileStreams(bus, log);
    const world = new ConsumersWorld(stores, { bus, close: () => throwaway.close() });
    world.run(world.#relay);
    return world;
  }

  /** What consumers are made of, with metrics of their own. */
  get parts() {
    return { bus: this.bus, ledger: this.ledger, clock: systemClock, log, registry: createMetrics() };
  }

  /** Runs a service until the end. */
  run(service: Service): void {
    const controller = new AbortController();
    const running = service.run(controller.signal);
    this.#stops.unshift(async () => {
      controller.abort();
      await running;
    });
  }

  /** Every call stores a message of its own: a repeated one is not recognised by the stream. */
  async publish(...events: readonly BusEvent[]): Promise<void> {
    await Promise.all(
      events.map(({ subject, bytes }) => publishRaw(this.bus, { subject, bytes, messageId: randomUUID() })),
    );
  }

  /** How many messages a durable has not answered for good. */
  async pending(stream: StreamName, durable: string): Promise<number> {
    const info = await this.bus.jsm.consumers.info(stream, durable);
    return info.num_pending + info.num_ack_pending;
  }

  /** What the dead letters say. */
  async deadReasons(): Promise<string[]> {
    return (await this.#messages('DLQ')).map(({ header }) => header.get('Skyflow-Error'));
  }

  /** Subjects and users of what stands in a stream, oldest first. */
  async told(stream: 'GAMIFICATION' | 'REALTIME', userId: string): Promise<string[]> {
    const definitions = Object.values(EVENTS).filter(({ aggregateType }) => aggregateType === 'user');
    return (await this.#messages(stream)).flatMap(({ subject, data }) => {
      const definition = definitions.find((known) => known.subject === subject);
      const isOurs = definition !== undefined && decodeEvent(definition, data).aggregateId === userId;
      return isOurs ? [subject] : [];
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const stop of this.#stops) await stop();
    await this.#closeBus();
    await this.stores[Symbol.asyncDispose]();
  }

  async #messages(stream: StreamName) {
    const { state } = await this.bus.jsm.streams.info(stream);
    const all = [];
    for (let seq = state.first_seq; seq <= state.last_seq && state.messages > 0; seq += 1) {
      const message = await this.bus.jsm.streams.getMessage(stream, { seq });
      if (message !== null) all.push(message);
    }
    return all;
  }

  #troubled(postgres: Postgres): Postgres {
    return {
      ...postgres,
      transaction: (fn) => {
        if (this.trouble === undefined) return postgres.transaction(fn);
        this.failures += 1;
        return Promise.reject(this.trouble);
      },
    };
  }
}

const DAY_MS = 86_400_000;
/** Noon of yesterday: whatever hour it is, nothing is earned for the hour. */
const yesterday = (): number => Date.now() - (Date.now() % DAY_MS) - DAY_MS / 2;

/** An analysis that was answered yesterday. */
export function completed(
  userId: string,
  changes: { analysisId?: string; tier?: string; type?: string; nowMs?: number } = {},
) {
  const { analysisId = randomUUID(), tier = 'drift', type = 'pulse', nowMs = yesterday() } = changes;
  const envelope = { eventId: analysisId, aggregateId: analysisId, correlationId: 'the-request', nowMs };
  return createEvent(EVENTS.timelineCompleted, envelope, { analysisId, userId, type, tier });
}

/** Something about a user that happened now. */
export const ofUser = (userId: string) => ({ aggregateId: userId, correlationId: 'the-request', nowMs: Date.now() });
