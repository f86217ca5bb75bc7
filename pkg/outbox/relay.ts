import type { BusEvent } from '#pkg/bus/events.ts';
import type { Publisher } from '#pkg/bus/publish.ts';
import type { Postgres } from '#pkg/postgres/client.ts';
import { backoff } from '#pkg/runtime/backoff.ts';
import type { Clock } from '#pkg/runtime/clock.ts';
import { isAbortError } from '#pkg/runtime/errors.ts';
import type { Service } from '#pkg/runtime/lifecycle.ts';
import type { Logger } from '#pkg/runtime/log.ts';
import type { Registry } from '#pkg/runtime/metrics.ts';
import { orLate } from '#pkg/runtime/waiting.ts';
import { OutboxEvents } from './events.ts';
import { HeldFrames, type Place } from './held.ts';
import { claimEvents, CLAIM_MS, deleteEvents, type InHand, pendingEvents, setClaims, vacuum } from './table.ts';

export interface RelayOptions {
  readonly postgres: Postgres;
  readonly publisher: Publisher;
  /**
   * How far the reader of `events.realtime.*` has come; undefined: its durable is not there. Asked at most once a second, and
   * only while a frame waits for it. Left out, frames are done with once the bus has them.
   */
  readonly place?: (() => Promise<Place | undefined>) | undefined;
  readonly clock: Clock;
  readonly log: Logger;
  /** Has room for one relay. */
  readonly registry: Registry;
  /** Default `outbox`. */
  readonly name?: string | undefined;
}

/** How often the table is looked through for events that nobody has in hand. */
const SWEEP_MS = 1_000;
/** Published at once. */
const BATCH = 500;
/** What went is deleted together: one statement for all of a tenth of a second. A crash before only sends them again. */
const NOTE_MS = 100;
/** How often the reader of frames is asked how far it is. */
const LOOK_MS = 1_000;
const COUNT_MS = 5_000;
/** So many deleted events are 10 MB of the table, and some 20 ms of work to give back. */
const VACUUM_AFTER = 20_000;
/** Events just written that wait in memory; more are left to the sweep. */
const MAX_OFFERED = 20_000;
const MAX_HELD = 20_000;
/** How long the last look may take when the process ends. */
const LAST_LOOK_MS = 1_000;

/**
 * Brings the events of the outbox onto the bus. An event that was just written is offered and goes at once; the sweep finds
 * what a crash, a full queue or an absent NATS left behind. Any number of relays may work on one table: each takes
 * different rows in hand. An event goes twice only when its relay dies between publishing and noting it; it has the same
 * id both times, so within the stream's window the bus itself drops the second, and after that its readers do.
 *
 * No transaction is open while NATS is asked: the embedded Postgres has one connection, which all others would wait for. And
 * what was offered never waits for Postgres: the table is looked after beside it.
 */
export class OutboxRelay implements Service {
  readonly name: string;
  readonly #options: RelayOptions;
  readonly #events: OutboxEvents;
  readonly #held = new HeldFrames(MAX_HELD);
  #offered: InHand[] = [];
  #wakePublishing: (() => void) | undefined;
  #wakeKeeping: (() => void) | undefined;
  /** Ids that are done with and still in the table. */
  #done: string[] = [];
  /** Ids that did not reach the bus and that nobody has in hand. */
  #failed: string[] = [];
  #noteAtMs = Infinity;
  #sweepAtMs = 0;
  #lookAtMs = 0;
  #countAtMs = 0;
  /** Since the room of the deleted was given back; what a former process left is given back at the start. */
  #deleted = VACUUM_AFTER;

  constructor(options: RelayOptions) {
    this.#options = options;
    this.name = options.name ?? 'outbox';
    this.#events = new OutboxEvents(options.log, options.registry);
  }

  /** To be called after the commit that wrote them. Never waits, never fails. */
  offer(events: readonly BusEvent[]): void {
    const writtenAtMs = this.#options.clock.nowMs();
    const claimedUntilMs = writtenAtMs + CLAIM_MS;
    const room = MAX_OFFERED - this.#offered.length;
    for (const event of events.slice(0, room)) this.#offered.push({ event, writtenAtMs, claimedUntilMs });
    this.#wakePublishing?.();
  }

  async run(signal: AbortSignal): Promise<void> {
    const onAbort = () => this.#wakePublishing?.();
    signal.addEventListener('abort', onAbort, { once: true });
    await Promise.all([this.#publishOffered(signal), this.#keepTable(signal)]);
    signal.removeEventListener('abort', onAbort);
    await this.#finish();
  }

  /** What was offered and is still ours: a row whose claim has lapsed may be in somebody else's hand. */
  async #publishOffered(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (this.#offered.length === 0) await new Promise<void>((resolve) => (this.#wakePublishing = resolve));
      const batch = this.#offered.splice(0, BATCH);
      const freshMs = this.#options.clock.nowMs() - CLAIM_MS / 2;
      const fresh = batch.filter(({ writtenAtMs }) => writtenAtMs > freshMs);
      const published = await this.#publish(fresh);
      // NATS is away: the sweep tries at its own pace, and a later offer is not kept waiting behind these.
      if (published === 0 && fresh.length > 0) this.#offered = [];
    }
  }

  /** Notes, looks and sweeps, each when its time has come. */
  async #keepTable(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    const pause = backoff({ minMs: SWEEP_MS, maxMs: 10_000, clock });
    while (!signal.aborted) {
      try {
        if (clock.nowMs() >= this.#noteAtMs) await this.#note();
        if (clock.nowMs() >= this.#nextLookMs()) await this.#look();
        if (clock.nowMs() >= this.#sweepAtMs) await this.#sweep();
        pause.reset();
        await this.#nap(signal);
      } catch (error) {
        if (signal.aborted && isAbortError(error)) break;
        // Postgres is away, or worse. The rows wait where they are, and so do we.
        this.#events.failed(error);
        await pause.next(signal).catch(() => undefined);
      }
    }
  }

  /** Publishes all at once; what did not go may be tried again after a pause. Resolves to how many went. */
  async #publish(batch: readonly InHand[]): Promise<number> {
    if (batch.length === 0) return 0;
    const { publisher, clock } = this.#options;
    const { life } = this.#held;
    const results = await Promise.allSettled(batch.map(async ({ event }) => publisher.publish(event)));
    const nowMs = clock.nowMs();
    const failed: string[] = [];
    let reason: unknown;
    for (const [index, one] of batch.entries()) {
      const result = results[index];
      if (result?.status === 'fulfilled') {
        const { sequence } = result.value;
        if (this.#isToBeHeld(one, nowMs)) this.#done.push(...this.#held.hold(one, { sequence, life, nowMs }));
        else this.#done.push(one.event.eventId);
      } else {
        failed.push(one.event.eventId);
        reason ??= result?.reason;
      }
    }
    this.#failed.push(...failed);
    this.#events.published(batch.length - failed.length);
    if (failed.length > 0) this.#events.heldUp(failed.length, reason);
    this.#noteSoon();
    return batch.length - failed.length;
  }

  #isToBeHeld(one: InHand, nowMs: number): boolean {
    return this.#options.place !== undefined && this.#held.wants(one, nowMs);
  }

  #noteSoon(): void {
    if (this.#noteAtMs !== Infinity || this.#done.length + this.#failed.length === 0) return;
    this.#noteAtMs = this.#options.clock.nowMs() + NOTE_MS;
    this.#wakeKeeping?.();
  }

  /**
   * Writes down what went and what did not. What could not be written is kept: written later it still spares those a second
   * sending whom nobody has taken by then.
   */
  async #note(): Promise<void> {
    const { postgres, clock } = this.#options;
    const [done, failed] = [this.#done, this.#failed];
    this.#done = [];
    this.#failed = [];
    this.#noteAtMs = Infinity;
    try {
      await deleteEvents(postgres, done);
      this.#deleted += done.length;
      await setClaims(postgres, failed, clock.nowMs() + SWEEP_MS);
    } catch (error) {
      this.#done = [...done, ...this.#done];
      this.#failed = [...failed, ...this.#failed];
      this.#noteSoon();
      throw error;
    }
  }

  #nextLookMs(): number {
    return this.#held.size === 0 ? Infinity : this.#lookAtMs;
  }

  /** Ends the wait for frames that were read, and publishes those again that a restart of NATS took away. */
  async #look(): Promise<void> {
    const { place, clock } = this.#options;
    this.#lookAtMs = clock.nowMs() + LOOK_MS;
    let found: Place | undefined;
    try {
      found = await place?.();
      this.#events.sighted();
    } catch (error) {
      this.#events.blind(error);
      return;
    }
    const { over, lost } = this.#held.look(found, clock.nowMs());
    this.#done.push(...over);
    this.#noteSoon();
    if (lost.length > 0) await this.#publishAgain(lost);
  }

  async #publishAgain(lost: readonly InHand[]): Promise<void> {
    const { postgres, clock } = this.#options;
    this.#events.again(lost.length);
    const claimedUntilMs = clock.nowMs() + CLAIM_MS;
    await setClaims(
      postgres,
      lost.map(({ event }) => event.eventId),
      claimedUntilMs,
    );
    for (let from = 0; from < lost.length; from += BATCH) {
      const batch = lost.slice(from, from + BATCH);
      await this.#publish(batch.map(({ event, writtenAtMs }) => ({ event, writtenAtMs, claimedUntilMs })));
    }
  }

  /** Takes what nobody has in hand. */
  async #sweep(): Promise<void> {
    const { postgres, clock } = this.#options;
    await this.#note();
    const nowMs = clock.nowMs();
    this.#held.letGo(nowMs);
    const batch = await claimEvents(postgres, nowMs, BATCH);
    const published = await this.#publish(batch);
    if (nowMs >= this.#countAtMs) await this.#count();
    // A full batch that went: there may be more to do at once.
    this.#sweepAtMs = batch.length === BATCH && published === BATCH ? 0 : clock.nowMs() + SWEEP_MS;
  }

  async #count(): Promise<void> {
    const { postgres, clock } = this.#options;
    await this.#note();
    if (this.#deleted >= VACUUM_AFTER) {
      await vacuum(postgres);
      this.#deleted = 0;
    }
    const { count, oldestMs } = await pendingEvents(postgres);
    const nowMs = clock.nowMs();
    this.#countAtMs = nowMs + COUNT_MS;
    const held = this.#held.size;
    this.#events.seen({
      // Those are on the bus.
      count: Math.max(0, count - held),
      held,
      oldestMs: oldestMs === undefined ? 0 : Math.max(0, nowMs - oldestMs),
    });
  }

  /** What is over is deleted; everything else may be taken by the next process at once. */
  async #finish(): Promise<void> {
    const { place, postgres, clock } = this.#options;
    try {
      const held = this.#held.ids();
      if (held.length > 0 && place !== undefined) {
        // Late, it rejects into nothing.
        const found = place().catch(() => 'late' as const);
        const last = await orLate(found, LAST_LOOK_MS, 'late' as const, clock);
        if (last !== 'late') this.#done.push(...this.#held.look(last, clock.nowMs()).over);
      }
      await this.#note();
      const left = [...this.#offered.map(({ event }) => event.eventId), ...held];
      await setClaims(postgres, left, clock.nowMs());
    } catch (error) {
      this.#events.failed(error);
    }
  }

  async #nap(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    const ms = Math.min(this.#sweepAtMs, this.#noteAtMs, this.#nextLookMs()) - clock.nowMs();
    if (ms <= 0) return;
    const woken = new AbortController();
    this.#wakeKeeping = () => woken.abort();
    try {
      await clock.sleep(ms, AbortSignal.any([signal, woken.signal]));
    } catch (error) {
      if (signal.aborted || !isAbortError(error)) throw error;
    } finally {
      this.#wakeKeeping = undefined;
    }
  }
}
