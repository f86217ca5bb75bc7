import type { BusEvent } from '#pkg/bus/events.ts';
import type { Publisher } from '#pkg/bus/publish.ts';
import type { Postgres } from '#pkg/postgres/client.ts';
import { backoff } from '#pkg/runtime/backoff.ts';
import type { Clock } from '#pkg/runtime/clock.ts';
import { isAbortError } from '#pkg/runtime/errors.ts';
import type { Service } from '#pkg/runtime/lifecycle.ts';
import type { CoreEvents } from '../events.ts';
import { claimEvents, CLAIM_MS, forgetPublished, markPublished, pendingEvents, releaseEvents } from './table.ts';

export interface RelayOptions {
  readonly postgres: Postgres;
  readonly publisher: Publisher;
  readonly clock: Clock;
  readonly events: CoreEvents;
}

/** How often the table is looked through for events that nobody has in hand. */
const SWEEP_MS = 1_000;
const BATCH = 100;
/** What went is noted together: one statement for all of a tenth of a second. A crash before only sends them again. */
const NOTE_MS = 100;
/** Events just written that wait in memory; more are left to the sweep. */
const MAX_OFFERED = 1_000;
/** Published events are kept this long, for who wants to see what happened. */
const KEEP_MS = 3_600_000;
const FORGET_BATCH = 1_000;
const FORGET_EVERY_MS = 60_000;

interface Offered {
  readonly event: BusEvent;
  readonly atMs: number;
}

/**
 * Brings the events of the outbox onto the bus. An event that was just written is offered and goes at once; the sweep finds
 * what a crash, a full queue or an absent NATS left behind. Any number of relays may work on one table: each takes
 * different rows in hand. An event goes twice only when its relay dies between publishing and noting it; it has the same
 * id both times, so within the stream's window the bus itself drops the second, and after that its readers do.
 *
 * No transaction is open while NATS is asked: the embedded Postgres has one connection, which all others would wait for.
 */
export class OutboxRelay implements Service {
  readonly name = 'outbox';
  readonly #options: RelayOptions;
  #offered: Offered[] = [];
  #wake: (() => void) | undefined;
  #forgotAtMs = 0;
  /** Ids that the bus has and the table does not know of yet. */
  #done: string[] = [];
  #noteAtMs = Infinity;

  constructor(options: RelayOptions) {
    this.#options = options;
  }

  /** To be called after the commit that wrote them. Never waits, never fails. */
  offer(events: readonly BusEvent[]): void {
    const atMs = this.#options.clock.nowMs();
    for (const event of events) if (this.#offered.length < MAX_OFFERED) this.#offered.push({ event, atMs });
    this.#wake?.();
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, events } = this.#options;
    const pause = backoff({ minMs: SWEEP_MS, maxMs: 10_000, clock });
    let sweepAtMs = 0;
    while (!signal.aborted) {
      try {
        await this.#publishOffered();
        if (clock.nowMs() >= this.#noteAtMs || this.#done.length >= BATCH) await this.#note();
        if (clock.nowMs() >= sweepAtMs) {
          const more = await this.#sweep();
          sweepAtMs = more ? 0 : clock.nowMs() + SWEEP_MS;
        }
        pause.reset();
        await this.#nap(Math.min(sweepAtMs, this.#noteAtMs) - clock.nowMs(), signal);
      } catch (error) {
        if (signal.aborted && isAbortError(error)) break;
        // Postgres is away, or worse. The rows wait where they are, and so do we.
        events.outboxFailed(error);
        this.#offered = [];
        await pause.next(signal).catch(() => undefined);
      }
    }
    await this.#note().catch((error: unknown) => events.outboxFailed(error));
  }

  /** What was offered and is still ours: a row whose claim has lapsed may be in somebody else's hand. */
  async #publishOffered(): Promise<void> {
    while (this.#offered.length > 0) {
      const freshMs = this.#options.clock.nowMs() - CLAIM_MS / 2;
      const batch = this.#offered.splice(0, BATCH).filter(({ atMs }) => atMs > freshMs);
      const published = await this.#publish(batch.map(({ event }) => event));
      // NATS is away: the sweep tries at its own pace, and a later offer is not kept waiting behind these.
      if (published === 0 && batch.length > 0) this.#offered = [];
    }
  }

  /** True where there may be more to do at once. */
  async #sweep(): Promise<boolean> {
    const { postgres, clock, events } = this.#options;
    const nowMs = clock.nowMs();
    await this.#note();
    const batch = await claimEvents(postgres, nowMs, BATCH);
    const published = await this.#publish(batch);
    if (nowMs - this.#forgotAtMs >= FORGET_EVERY_MS) {
      await forgetPublished(postgres, nowMs - KEEP_MS, FORGET_BATCH);
      this.#forgotAtMs = nowMs;
    }
    const { count, oldestMs } = await pendingEvents(postgres);
    events.outboxSeen(count, oldestMs === undefined ? 0 : Math.max(0, nowMs - oldestMs));
    return batch.length === BATCH && published === batch.length;
  }

  /** Publishes all at once; what did not go may be tried again after a pause. Resolves to how many went. */
  async #publish(batch: readonly BusEvent[]): Promise<number> {
    if (batch.length === 0) return 0;
    const { postgres, publisher, clock, events } = this.#options;
    const results = await Promise.allSettled(batch.map(async (event) => publisher.publish(event)));
    const idsOf = (status: 'fulfilled' | 'rejected') =>
      batch.filter((_, index) => results[index]?.status === status).map(({ eventId }) => eventId);
    const published = idsOf('fulfilled');
    const failed = idsOf('rejected');
    if (this.#done.length === 0 && published.length > 0) this.#noteAtMs = clock.nowMs() + NOTE_MS;
    this.#done.push(...published);
    await releaseEvents(postgres, failed, clock.nowMs() + SWEEP_MS);
    events.outboxPublished(published.length);
    const reason = results.find((result) => result.status === 'rejected')?.reason as unknown;
    if (reason !== undefined) events.outboxHeldUp(failed.length, reason);
    return published.length;
  }

  /** Writes down what went. What cannot be written is forgotten here: its claim lapses, and it is sent again under its id. */
  async #note(): Promise<void> {
    const ids = this.#done;
    this.#done = [];
    this.#noteAtMs = Infinity;
    await markPublished(this.#options.postgres, ids, this.#options.clock.nowMs());
  }

  async #nap(ms: number, signal: AbortSignal): Promise<void> {
    if (ms <= 0 || this.#offered.length > 0) return;
    const woken = new AbortController();
    this.#wake = () => woken.abort();
    try {
      await this.#options.clock.sleep(ms, AbortSignal.any([signal, woken.signal]));
    } catch (error) {
      if (signal.aborted || !isAbortError(error)) throw error;
    } finally {
      this.#wake = undefined;
    }
  }
}
