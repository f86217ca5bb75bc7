import type { Clock } from '#pkg/runtime/clock.ts';
import { Batch } from './batch.ts';

/** When a batch is closed: whichever comes first. */
export interface BatchLimits {
  readonly maxEvents: number;
  readonly maxBytes: number;
  readonly maxAgeMs: number;
}

export interface BatcherOptions {
  readonly limits: BatchLimits;
  readonly clock: Clock;
  /** Makes a batch durable. Called for one batch at a time; a rejection is final. */
  flush(batch: Batch): Promise<void>;
  /** Called when rows go on into another batch. */
  onTurn(batch: Batch): void;
}

/**
 * Two batches: one is being filled while the other is being flushed. Never more, so memory is bounded: when both are full,
 * `room()` waits, the source is not asked for more, and the socket pauses.
 */
export class Batcher {
  readonly #options: BatcherOptions;
  #open = new Batch();
  #spare = new Batch();
  #flushing: Promise<void> | undefined;
  #failure: unknown;

  constructor(options: BatcherOptions) {
    this.#options = options;
  }

  /** The batch to fill now. */
  get open(): Batch {
    return this.#open;
  }

  /** Whether a flush is in flight. */
  get isFlushing(): boolean {
    return this.#flushing !== undefined;
  }

  /**
   * Call between frames. Starts a flush when the open batch is due; waits only while both batches are full. Rejects with
   * what made a flush fail for good.
   */
  async room(): Promise<void> {
    if (this.#isFull()) {
      await this.#flushing;
      this.#throwFailure();
      this.#turn();
    } else {
      this.tick();
    }
    this.#throwFailure();
  }

  /** Starts a flush when the open batch is old enough and no other is in flight. Never waits. */
  tick(): void {
    const batch = this.#open;
    if (this.#flushing !== undefined || this.#failure !== undefined || batch.events === 0) return;
    if (this.#isFull() || this.#options.clock.nowMs() - batch.openedAtMs >= this.#options.limits.maxAgeMs) this.#turn();
  }

  /** Notes when the first frame of a batch arrived. */
  touch(): void {
    if (this.#open.openedAtMs === 0) this.#open.openedAtMs = this.#options.clock.nowMs();
  }

  /** Flushes everything that was taken. */
  async drain(): Promise<void> {
    await this.#flushing;
    this.#throwFailure();
    if (this.#open.events > 0) {
      this.#turn();
      await this.#flushing;
    }
    this.#throwFailure();
  }

  /** Waits for a flush in flight, however it ends. */
  async settle(): Promise<void> {
    await this.#flushing;
  }

  #isFull(): boolean {
    const { maxEvents, maxBytes } = this.#options.limits;
    return this.#open.events >= maxEvents || this.#open.bytes >= maxBytes;
  }

  #turn(): void {
    const full = this.#open;
    const next = this.#spare;
    next.clear();
    next.openedAtMs = 0;
    next.cursorUs = full.cursorUs;
    next.origin = full.origin;
    this.#open = next;
    this.#spare = full;
    this.#options.onTurn(next);
    this.#flushing = this.#options
      .flush(full)
      .catch((error: unknown) => {
        this.#failure = error ?? new Error('a flush failed');
      })
      .finally(() => {
        this.#flushing = undefined;
      });
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }
}
