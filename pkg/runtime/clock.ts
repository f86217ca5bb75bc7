import { setTimeout as delay } from 'node:timers/promises';

/** Time as a dependency, so that tests can move it by hand. */
export interface Clock {
  /** Milliseconds since 1970, UTC. */
  nowMs(): number;
  /** Resolves after `ms`. Rejects with an AbortError as soon as `signal` aborts; never leaves a timer behind. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** Node counts timers in a signed 32-bit number of milliseconds; a longer one would fire at once. */
const MAX_TIMER_MS = 2_147_483_647;

/** The machine's own clock. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  async sleep(ms, signal) {
    let leftMs = Math.max(0, ms);
    do {
      const stepMs = Math.min(leftMs, MAX_TIMER_MS);
      await delay(stepMs, undefined, signal === undefined ? {} : { signal });
      leftMs -= stepMs;
    } while (leftMs > 0);
  },
};

interface Sleeper {
  wakeAtMs: number;
  wake: () => void;
}

/** A clock for tests: stands still until `advance` moves it, and wakes sleepers in the order of their times. */
export class ManualClock implements Clock {
  #nowMs: number;
  #sleepers: Sleeper[] = [];

  constructor(startMs = 1_700_000_000_000) {
    this.#nowMs = startMs;
  }

  /** How many sleeps are waiting. A test waits for this before it advances. */
  get sleeping(): number {
    return this.#sleepers.length;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) {
        reject(abortError(signal));
        return;
      }
      const onAbort = () => {
        this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
        reject(abortError(signal));
      };
      const sleeper: Sleeper = {
        wakeAtMs: this.#nowMs + Math.max(0, ms),
        wake: () => {
          signal?.removeEventListener('abort', onAbort);
          resolve();
        },
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#sleepers.push(sleeper);
    });
  }

  /** Moves time on by `ms`, waking every sleeper that falls due, each at its own time; lets their continuations run. */
  async advance(ms: number): Promise<void> {
    const targetMs = this.#nowMs + ms;
    for (;;) {
      const due = this.#sleepers.filter((sleeper) => sleeper.wakeAtMs <= targetMs);
      const next = due.toSorted((a, b) => a.wakeAtMs - b.wakeAtMs)[0];
      if (next === undefined) break;
      this.#sleepers = this.#sleepers.filter((sleeper) => sleeper !== next);
      this.#nowMs = Math.max(this.#nowMs, next.wakeAtMs);
      next.wake();
      await settle();
    }
    this.#nowMs = targetMs;
    await settle();
  }
}

/** One turn of the event loop: every promise continuation that is ready has then run. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function abortError(signal: AbortSignal | undefined): Error {
  return new DOMException('The operation was aborted', { name: 'AbortError', cause: signal?.reason });
}
