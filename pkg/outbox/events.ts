import type { Logger } from '#pkg/runtime/log.ts';
import { type ClosedCounter, createClosedCounter, Gauge, type Registry } from '#pkg/runtime/metrics.ts';

/** How tries to publish end, and `again`: a frame that went with a life of the bus before anybody read it. */
const OUTCOMES = ['published', 'held_up', 'again'] as const;

/** What happens to the outbox: each thing writes its metric and its log line here and nowhere else. */
export class OutboxEvents {
  readonly #log: Logger;
  readonly #published: ClosedCounter<(typeof OUTCOMES)[number]>;
  readonly #pending: Gauge;
  readonly #oldest: Gauge;
  readonly #held: Gauge;
  #isHeldUp = false;
  #isFailing = false;
  #isBlind = false;

  constructor(log: Logger, registry: Registry) {
    this.#log = log;
    this.#published = createClosedCounter(registry, {
      name: 'skyflow_outbox_events_total',
      help: 'Events of the outbox by what became of a try to publish',
      label: 'outcome',
      values: OUTCOMES,
    });
    const registers = [registry];
    this.#pending = new Gauge({ name: 'skyflow_outbox_pending', help: 'Events that wait for the bus', registers });
    this.#oldest = new Gauge({
      name: 'skyflow_outbox_oldest_seconds',
      help: 'Age of the oldest event that waits for the bus',
      registers,
    });
    this.#held = new Gauge({
      name: 'skyflow_outbox_held',
      help: 'Frames that the bus has and nobody has read yet',
      registers,
    });
  }

  published(count: number): void {
    if (count === 0) return;
    this.#published.inc('published', count);
    if (this.#isHeldUp) this.#log.info('events of the outbox reach the bus again');
    this.#isHeldUp = false;
  }

  heldUp(count: number, reason: unknown): void {
    this.#published.inc('held_up', count);
    if (!this.#isHeldUp) this.#log.warn({ err: reason }, 'events of the outbox do not reach the bus; they wait');
    this.#isHeldUp = true;
  }

  /** Frames of a life of the bus that is over. */
  again(count: number): void {
    this.#published.inc('again', count);
    this.#log.info({ frames: count }, 'the bus lost frames that nobody had read; they are published again');
  }

  /** The table does not answer. */
  failed(error: unknown): void {
    if (!this.#isFailing) this.#log.warn({ err: error }, 'the outbox cannot be read; trying again');
    this.#isFailing = true;
  }

  /** The bus does not say what was read. */
  blind(error: unknown): void {
    if (!this.#isBlind) this.#log.warn({ err: error }, 'the bus does not say which frames were read; trying again');
    this.#isBlind = true;
  }

  /** The bus said what was read. */
  sighted(): void {
    this.#isBlind = false;
  }

  seen({ count, held, oldestMs }: { count: number; held: number; oldestMs: number }): void {
    this.#isFailing = false;
    this.#pending.set(count);
    this.#held.set(held);
    this.#oldest.set(oldestMs / 1000);
  }
}
