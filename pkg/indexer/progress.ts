import type { DropReason } from './records/types.ts';
import { dropReasons } from './records/types.ts';
import type { LinkState } from './source/jetstream.ts';
import type { Stall } from './store/retry.ts';

/** Lag below which the index counts as caught up, in milliseconds. */
const caughtUpLagMs = 10_000;

/** What the indexer is doing right now: one object, read by `/ready`, `/metrics`, the terminal line and `status`. */
export class Progress {
  events = 0;
  ok = 0;
  dead = 0;
  readonly dropped = new Map<DropReason, number>(dropReasons.map((reason) => [reason, 0]));
  readonly operations = new Map<string, number>();
  rows = 0;
  flushes = 0;
  lastFlushMs = 0;
  gaps = 0;
  /** The network's time up to which everything is durable, in microseconds; 0 before the first flush. */
  durableUs = 0;
  /** The network's time of the newest event taken. */
  takenUs = 0;
  /** Where this run began, for the progress bar. */
  startedFromUs = 0;
  startedAtMs = 0;
  link: LinkState | undefined;
  stall: Stall | undefined;
  /** A file that was read to its end. */
  finished = false;
  #caughtUp = false;

  /** How far behind the network's present the durable data is, in milliseconds; undefined before the first event. */
  lagMs(nowMs: number): number | undefined {
    return this.durableUs === 0 ? undefined : Math.max(0, nowMs - this.durableUs / 1000);
  }

  /**
   * Whether the index shows the present: connected, nothing stalled, and durable up to a few seconds ago. Once caught up, a
   * quiet network does not count against it; a lost connection, a stall or a growing queue does.
   */
  caughtUp(nowMs: number): boolean {
    if (this.finished) return true;
    if (this.stall !== undefined || this.link?.connected !== true) return false;
    const lag = this.lagMs(nowMs);
    if (lag === undefined) return false;
    if (lag < caughtUpLagMs) this.#caughtUp = true;
    // Behind what was already taken, not behind the clock: then it is our own work that lags.
    else if (this.takenUs - this.durableUs > caughtUpLagMs * 1000) this.#caughtUp = false;
    return this.#caughtUp;
  }

  get droppedTotal(): number {
    let total = 0;
    for (const count of this.dropped.values()) total += count;
    return total;
  }
}
