import type { SimFrame } from './world.ts';

/** A frame as the log keeps it. */
export interface LoggedFrame {
  readonly timeUs: number;
  /** The wire text as UTF-8. */
  readonly data: Buffer;
}

/** What a log needs to know of a frame: every SimFrame will do, and so will a line out of a file. */
export type Loggable = Pick<SimFrame, 'text' | 'timeUs'>;

const COMPACT_AFTER = 4_096;

/**
 * The append-only stream that one or several simulated hosts serve. Positions count from the first frame ever
 * appended and stay valid when old frames are trimmed away.
 */
export class FrameLog {
  #frames: LoggedFrame[] = [];
  /** The highest time up to each frame: rises even where `time_us` steps back, so it can be searched. */
  #highestUs: number[] = [];
  #firstPosition = 0;
  #trimmed = 0;
  readonly #maxFrames: number;
  readonly #listeners = new Set<() => void>();

  /** Keeps at most `maxFrames` frames, by default all of them; a frame costs about 800 bytes. */
  constructor(maxFrames = Infinity) {
    this.#maxFrames = maxFrames;
  }

  /** Position of the oldest frame still kept. */
  get start(): number {
    return this.#firstPosition + this.#trimmed;
  }

  /** Position after the newest frame. */
  get end(): number {
    return this.#firstPosition + this.#frames.length;
  }

  /** Time of the newest frame, in microseconds; 0 in an empty log. */
  get newestUs(): number {
    return this.#highestUs.at(-1) ?? 0;
  }

  /** Time of the oldest kept frame, in microseconds; undefined in an empty log. */
  get oldestUs(): number | undefined {
    return this.#frames[this.#trimmed]?.timeUs;
  }

  /** Adds frames at the live tip and wakes every subscriber. */
  append(frames: Iterable<Loggable>): void {
    for (const { text, timeUs } of frames) {
      this.#highestUs.push(Math.max(this.newestUs, timeUs));
      this.#frames.push({ timeUs, data: Buffer.from(text) });
    }
    this.#trimTo(this.#frames.length - this.#maxFrames);
    for (const listener of this.#listeners) listener();
  }

  /** The frame at a position; undefined where it is trimmed or not there yet. */
  at(position: number): LoggedFrame | undefined {
    return position < this.start ? undefined : this.#frames[position - this.#firstPosition];
  }

  /** Position of the first frame at or after this time; the end where there is none, the start where all are. */
  positionAt(timeUs: number): number {
    let low = this.#trimmed;
    let high = this.#frames.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#highestUs[middle] as number) < timeUs) low = middle + 1;
      else high = middle;
    }
    return this.#firstPosition + low;
  }

  /** Forgets frames older than this time. */
  trimBefore(timeUs: number): void {
    this.#trimTo(this.positionAt(timeUs) - this.#firstPosition);
  }

  #trimTo(index: number): void {
    this.#trimmed = Math.max(this.#trimmed, index);
    if (this.#trimmed < COMPACT_AFTER || this.#trimmed < this.#frames.length / 4) return;
    this.#frames = this.#frames.slice(this.#trimmed);
    this.#highestUs = this.#highestUs.slice(this.#trimmed);
    this.#firstPosition += this.#trimmed;
    this.#trimmed = 0;
  }

  /** Calls back after every append until the returned function is called. */
  onAppend(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
