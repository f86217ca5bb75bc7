import type { DropReason } from '../records/types.ts';

/**
 * How far ahead of this machine's clock a `time_us` may lie and still move the cursor, in microseconds. More than that is a
 * broken stamp; a host given it as a cursor would skip to its tip without a word.
 */
export const believedAheadUs = 30_000_000;

/** A frame that is no event at all. `raw` is at most its first 10,000 characters. */
export class BadFrame {
  readonly raw: string;
  readonly reason: DropReason;

  constructor(raw: string, reason: DropReason) {
    this.raw = raw.slice(0, 10_000);
    this.reason = reason;
  }
}

/** Some frames in order: parsed JSON, not yet checked, or a `BadFrame`. */
export interface SourceChunk {
  /** Where they came from: a host, a file. */
  readonly origin: string;
  /** Rises with every reconnect, so that the reader can compare the first event with what it has. */
  readonly connection: number;
  readonly items: readonly unknown[];
}

/**
 * Where events come from.
 * - `chunks(fromUs)` starts at that cursor (microseconds, inclusive; undefined: from now, or the file's start).
 * - Asking for the next chunk means that the last one was taken: a source that is not asked stops reading its socket.
 * - It ends when `signal` aborts or, for a file, at its end. It throws only when it can never go on.
 *
 * In chunks and not one by one, because an async iteration costs as much as parsing an event.
 */
export interface EventSource {
  readonly name: string;
  /** Whether its cursor may be saved and resumed from. */
  readonly resumable: boolean;
  chunks(fromUs: number | undefined, signal: AbortSignal): AsyncIterable<SourceChunk>;
}
