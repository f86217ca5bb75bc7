import type { Clock } from '#pkg/runtime/clock.ts';
import type { Held } from './held.ts';
import { DURABLE_LIMITS } from './stream-table.ts';

/** A line that was empty for longer is another line. */
const GAP_MS = 1_000;
/** How long the first of a line waits for lower ones that come with it. */
const SETTLE_MS = 200;

/**
 * Messages that were delivered before: one of them may have ended a process. Each is handled alone, the lowest first, so
 * that at a next end all below it are done, and the guilty one stands first in line.
 */
export class SuspectLine<H extends Held> {
  readonly #clock: Clock;
  #waiting: H[] = [];
  #leftMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#waiting.length;
  }

  add(held: H): void {
    this.#waiting.push(held);
  }

  /**
   * Takes the lowest. `isGuilty`: its attempts are used up, and it stood first in line: it and no other can have ended the
   * processes that had it. Undefined where nobody stands in line any more.
   */
  async next(signal: AbortSignal): Promise<{ held: H; isGuilty: boolean } | undefined> {
    const isFirst = this.#clock.nowMs() - this.#leftMs > GAP_MS;
    if (isFirst && this.#waiting.some(isUsedUp)) await this.#clock.sleep(SETTLE_MS, signal).catch(() => undefined);
    const [held] = this.#waiting.sort((a, b) => a.delivery.streamSequence - b.delivery.streamSequence);
    if (held === undefined) return undefined;
    this.#waiting.shift();
    return { held, isGuilty: isFirst && isUsedUp(held) };
  }

  /** To be called when the one that was taken has left. */
  left(): void {
    this.#leftMs = this.#clock.nowMs();
  }

  /** Everybody, in no order. */
  takeAll(): H[] {
    const all = this.#waiting;
    this.#waiting = [];
    return all;
  }
}

function isUsedUp({ delivery }: Held): boolean {
  return delivery.deliveryCount > DURABLE_LIMITS.maxAttempts;
}
