import type { Clock } from '#pkg/runtime/clock.ts';
import { isAbortError } from '#pkg/runtime/errors.ts';
import type { Service } from '#pkg/runtime/lifecycle.ts';
import type { Logger } from '#pkg/runtime/log.ts';
import { eventFrame, type Frame } from './frames.ts';
import type { History } from './history.ts';
import type { GatewayLimits } from './limits.ts';
import type { Arrival, GatewayMetrics } from './metrics.ts';
import type { StreamSource } from './stream-source.ts';

/** What a follower needs. */
export interface FollowerOptions {
  readonly source: StreamSource;
  readonly history: History;
  readonly metrics: GatewayMetrics;
  readonly limits: Pick<GatewayLimits, 'streamCheckMs' | 'holeWaitMs' | 'maxDataLength'>;
  readonly clock: Clock;
  readonly log: Logger;
  /** A frame has become the newest of the history. */
  readonly onFrame: (frame: Frame) => void;
  /** The stream began a new life, and the history with it. */
  readonly onRestart: () => void;
}

/** Frames that came before one that is missing; beyond this many they are forgotten, and read from the stream later. */
const MAX_EARLY = 10_000;

/**
 * Keeps the history equal to the stream. Events come quickly, from the durable or from other instances over Redis, but
 * may come twice, late, in another order or not at all; the stream knows. So a frame that does not follow the head waits,
 * and what is missing for `holeWaitMs` is read from the stream, as is what the stream's end shows to be missing, once a
 * `streamCheckMs`. Nothing quick is believed while it is not sure which life of the stream it belongs to: after a lost
 * connection the stream may be a new one, with the same sequences for other events. Then the stream is asked first, and
 * what came meanwhile is read from it.
 */
export class Follower implements Service {
  readonly name = 'realtime stream';
  readonly #options: FollowerOptions;
  readonly #early = new Map<number, Frame>();
  /** Counts lost connections. */
  #epoch = 0;
  #sure = false;
  #checking: Promise<void> | undefined;
  #wake: () => void = () => undefined;
  #failing = false;
  readonly #ready = Promise.withResolvers<void>();
  #isReady = false;

  constructor(options: FollowerOptions) {
    this.#options = options;
  }

  /** Resolves when the history holds for the first time what the stream holds. */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  /** The life of the stream, while it is sure that it still is the one; undefined otherwise. */
  get incarnation(): string | undefined {
    return this.#sure ? this.#options.history.incarnation : undefined;
  }

  /** Takes a frame that came quickly. One of another life of the stream only makes it look. */
  offer(incarnation: string, frame: Frame, by: Arrival): void {
    const { history } = this.#options;
    if (!this.#sure) return;
    if (incarnation !== history.incarnation) {
      this.#sure = false;
      this.#wake();
      return;
    }
    if (frame.sequence <= history.head || this.#early.has(frame.sequence)) return;
    this.#options.metrics.arrivals.inc(by);
    if (frame.sequence !== history.head + 1) {
      if (this.#early.size < MAX_EARLY) this.#early.set(frame.sequence, frame);
      this.#wake();
      return;
    }
    this.#append(frame);
    this.#appendEarly();
  }

  /** Compares with the stream now, e.g. because Redis was away. Rejects while the bus is. */
  async check(): Promise<void> {
    // A check that is under way may have asked before what the caller knows of.
    await this.#checking?.catch(() => undefined);
    this.#checking ??= this.#check().finally(() => {
      this.#checking = undefined;
    });
    await this.#checking;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { source, clock, limits } = this.#options;
    using _ = source.onLost(() => {
      this.#epoch += 1;
      this.#sure = false;
    });
    let checkedAtMs = -Infinity;
    while (!signal.aborted) {
      const isDue = clock.nowMs() - checkedAtMs >= limits.streamCheckMs;
      if (isDue || this.#early.size > 0 || !this.#sure) {
        checkedAtMs = clock.nowMs();
        await this.#tryCheck();
      }
      await this.#pause(signal);
      // A hole between instances mostly closes by itself.
      await clock.sleep(limits.holeWaitMs, signal).catch(() => undefined);
    }
  }

  async #tryCheck(): Promise<void> {
    const { log } = this.#options;
    try {
      await this.check();
      if (this.#failing) log.info('the stream of realtime events can be read again');
      this.#failing = false;
    } catch (error) {
      if (isAbortError(error)) return;
      if (!this.#failing) log.warn({ err: error }, 'the stream of realtime events cannot be read; trying again');
      this.#failing = true;
    }
  }

  /** Until the next look at the stream is due, or something is missing. */
  async #pause(signal: AbortSignal): Promise<void> {
    const { clock, limits } = this.#options;
    if (this.#early.size > 0 && !this.#failing) return;
    const woken = new AbortController();
    this.#wake = () => woken.abort();
    const either = AbortSignal.any([signal, woken.signal]);
    await clock.sleep(limits.streamCheckMs, either).catch(() => undefined);
    this.#wake = () => undefined;
  }

  async #check(): Promise<void> {
    const { source, history, clock, limits } = this.#options;
    const epoch = this.#epoch;
    const state = await source.state();
    // Asked before the connection was lost: the answer may be of the life before.
    if (epoch !== this.#epoch) throw new Error('the connection was lost meanwhile');
    const isNew = state.incarnation !== history.incarnation;
    if (isNew) this.#restart(state.incarnation, state.firstSequence - 1);
    this.#sure = true;
    history.prune(state.firstSequence);
    if (!isNew && this.#early.size === 0 && history.head < state.lastSequence) {
      // The newest are mostly on their way.
      await clock.sleep(limits.holeWaitMs);
    }
    if (history.head < state.lastSequence) await this.#fill(state.lastSequence, epoch);
    this.#isReady = true;
    this.#ready.resolve();
  }

  #restart(incarnation: string, head: number): void {
    const { history, onRestart, log } = this.#options;
    const before = history.incarnation;
    history.reset(incarnation, head);
    this.#early.clear();
    if (before === '') return;
    log.warn({ before, now: incarnation }, 'the stream of realtime events is a new one; clients are told');
    onRestart();
  }

  /** Reads what is missing up to `last`; what the stream does not have is gone. */
  async #fill(last: number, epoch: number): Promise<void> {
    const { source, history, metrics, limits } = this.#options;
    for await (const events of source.read(history.head + 1, last)) {
      if (epoch !== this.#epoch) throw new Error('the connection was lost meanwhile');
      for (const { sequence, event } of events) {
        if (sequence <= history.head) continue;
        const known = this.#early.get(sequence);
        if (known === undefined) metrics.arrivals.inc('stream');
        const position = history.position(sequence);
        const frame = known ?? (event === undefined ? undefined : eventFrame(position, event, limits.maxDataLength));
        if (frame === undefined) metrics.refusals.inc(event === undefined ? 'undecodable' : 'not_a_frame');
        if (frame === undefined) this.#settle(sequence);
        else this.#append(frame);
      }
    }
    if (epoch !== this.#epoch) throw new Error('the connection was lost meanwhile');
    this.#settle(last);
    this.#appendEarly();
  }

  #append(frame: Frame): void {
    this.#early.delete(frame.sequence);
    this.#options.history.append(frame);
    this.#options.onFrame(frame);
  }

  /** Frames that came early and do not follow a hole any more. */
  #appendEarly(): void {
    const { history } = this.#options;
    for (;;) {
      const next = this.#early.get(history.head + 1);
      if (next === undefined) return;
      this.#append(next);
    }
  }

  /** The stream has nothing more up to `sequence` than what came early. */
  #settle(sequence: number): void {
    const { history } = this.#options;
    const early = [...this.#early.keys()].filter((key) => key <= sequence).toSorted((a, b) => a - b);
    for (const key of early) {
      const frame = this.#early.get(key);
      this.#early.delete(key);
      if (frame !== undefined && key > history.head) this.#append(frame);
    }
    history.settle(sequence);
  }
}
