import type { Clock } from '#pkg/runtime/clock.ts';

interface Sleeper {
  readonly wakeAtMs: number;
  timer: NodeJS.Timeout;
  readonly wake: () => void;
}

/** Runs at the machine's pace, in another year. Set ahead, it wakes everybody whose time has come by that. */
export class ShiftedClock implements Clock {
  #shiftMs = 0;
  readonly #sleepers = new Set<Sleeper>();

  constructor(nowMs: number) {
    this.set(nowMs);
  }

  nowMs(): number {
    return Date.now() + this.#shiftMs;
  }

  set(nowMs: number): void {
    this.#shiftMs = nowMs - Date.now();
    for (const sleeper of this.#sleepers) {
      clearTimeout(sleeper.timer);
      sleeper.timer = setTimeout(sleeper.wake, Math.max(0, sleeper.wakeAtMs - nowMs));
    }
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const abortError = (): Error => new DOMException('aborted', { name: 'AbortError', cause: signal?.reason });
    if (signal?.aborted === true) return Promise.reject(abortError());
    const end = (settle: () => void): void => {
      clearTimeout(sleeper.timer);
      this.#sleepers.delete(sleeper);
      signal?.removeEventListener('abort', onAbort);
      settle();
    };
    const onAbort = (): void => end(() => reject(abortError()));
    const wake = (): void => end(resolve);
    // No sleep of the product is longer than a timer can be.
    const timer = setTimeout(wake, Math.max(0, Math.min(ms, 2 ** 31 - 1)));
    const sleeper: Sleeper = { wakeAtMs: this.nowMs() + ms, timer, wake };
    this.#sleepers.add(sleeper);
    signal?.addEventListener('abort', onAbort, { once: true });
    return promise;
  }
}
