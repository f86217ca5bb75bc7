import type { Frame } from './frames.ts';
import type { Position } from './position.ts';
import { Queue } from './queue.ts';

/** Bounds of a history; the oldest frames go first. */
export interface HistoryLimits {
  readonly historyEvents: number;
  /** Of frame text, in UTF-16 units. */
  readonly historyBytes: number;
}

/**
 * The frames of one life of the stream that can still be sent, in order, and by user.
 * Invariant: of the sequences from `floor` to `head`, every one that the stream held is here, so "nothing after X" is an
 * answer exactly when X >= floor - 1.
 */
export class History {
  readonly #limits: HistoryLimits;
  #incarnation = '';
  #all = new Queue<Frame>();
  #byUser = new Map<string, Queue<Frame>>();
  #bytes = 0;
  #head = 0;
  #floor = 1;

  constructor(limits: HistoryLimits) {
    this.#limits = limits;
  }

  get incarnation(): string {
    return this.#incarnation;
  }
  /** The last sequence that is settled: here, or known to be gone. */
  get head(): number {
    return this.#head;
  }
  get floor(): number {
    return this.#floor;
  }
  get events(): number {
    return this.#all.length;
  }
  get bytes(): number {
    return this.#bytes;
  }

  /** Where a client stands that has everything up to now. */
  position(sequence: number = this.#head): Position {
    return { incarnation: this.#incarnation, sequence };
  }

  /** Begins a new life of the stream, of which everything up to `head` is gone. */
  reset(incarnation: string, head: number): void {
    this.#incarnation = incarnation;
    this.#all = new Queue();
    this.#byUser = new Map();
    this.#bytes = 0;
    this.#head = head;
    this.#floor = head + 1;
  }

  /** Takes the next frame; the sequences between the head and it are gone. */
  append(frame: Frame): void {
    if (frame.sequence <= this.#head) throw new Error(`frame ${frame.sequence} is not after ${this.#head}`);
    this.#head = frame.sequence;
    this.#all.push(frame);
    this.#bytes += frame.text.length;
    const own = this.#byUser.get(frame.userId);
    if (own === undefined) {
      const queue = new Queue<Frame>();
      queue.push(frame);
      this.#byUser.set(frame.userId, queue);
    } else {
      own.push(frame);
    }
    while (this.#all.length > this.#limits.historyEvents || this.#bytes > this.#limits.historyBytes) this.#evict();
  }

  /** The sequences up to `sequence` that are not here are gone. */
  settle(sequence: number): void {
    this.#head = Math.max(this.#head, sequence);
  }

  /** Forgets what the stream no longer holds. */
  prune(firstSequence: number): void {
    while ((this.#all.at(0)?.sequence ?? Infinity) < firstSequence) this.#evict();
    this.#floor = Math.min(Math.max(this.#floor, firstSequence), this.#head + 1);
  }

  /** The user's first frame after `sequence`, oldest first, with a way to go on from it. */
  *after(userId: string, sequence: number): Generator<Frame, void> {
    const own = this.#byUser.get(userId);
    if (own === undefined) return;
    for (let index = firstAfter(own, sequence); index < own.length; index += 1) yield own.at(index) as Frame;
  }

  /** How many frames of the user come after `sequence`. */
  countAfter(userId: string, sequence: number): number {
    const own = this.#byUser.get(userId);
    return own === undefined ? 0 : own.length - firstAfter(own, sequence);
  }

  #evict(): void {
    const frame = this.#all.shift();
    if (frame === undefined) return;
    this.#bytes -= frame.text.length;
    this.#floor = frame.sequence + 1;
    const own = this.#byUser.get(frame.userId);
    own?.shift();
    if (own?.length === 0) this.#byUser.delete(frame.userId);
  }
}

/** The index of the first frame after `sequence`, by halving. */
function firstAfter(frames: Queue<Frame>, sequence: number): number {
  let low = 0;
  let high = frames.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((frames.at(middle)?.sequence ?? 0) <= sequence) low = middle + 1;
    else high = middle;
  }
  return low;
}
