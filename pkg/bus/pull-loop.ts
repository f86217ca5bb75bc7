import { JetStreamApiCodes, JetStreamApiError } from '@nats-io/jetstream';
import { millis, type QueuedIterator, type Status } from '@nats-io/transport-node';
import { backoff } from '#pkg/runtime/backoff.ts';
import type { Clock } from '#pkg/runtime/clock.ts';
import type { Logger } from '#pkg/runtime/log.ts';
import { orLate } from '#pkg/runtime/waiting.ts';
import { type Bus, untilConnected } from './client.ts';
import type { Delivery } from './delivery.ts';
import { openPull, type Pull, type PullEnd } from './pull.ts';
import { DURABLE_LIMITS, type DurableSpec } from './stream-table.ts';
import { ensureStream } from './streams.ts';

/** Who works on deliveries. */
export interface Runner {
  /** How many messages are being worked on. */
  readonly running: number;
  /** Never rejects. */
  run(delivery: Delivery): Promise<void>;
  keepAlive(): void;
  abort(reason: Error): void;
  /** Gives back what is still being worked on; says how many. */
  release(): number;
}

/** What a `PullLoop` needs. */
export interface PullLoopOptions {
  bus: Bus;
  spec: DurableSpec;
  runner: Runner;
  concurrency: number;
  clock: Clock;
  log: Logger;
  drainMs: number;
}

const PULL_MS = 10_000;
/** How long what is on its way may take to come when pulls are withdrawn. */
const WITHDRAW_MS = 2_000;
/** How long handlers may take after their signals aborted at a shutdown. */
const ABORTED_MS = 2_000;
const FLUSH_MS = 1_000;

type RoundEnd = PullEnd | 'reconnected' | 'stopped';

/** Asks for as many messages as there are hands free, for as long as it runs, whatever happens to the server. */
export class PullLoop {
  readonly #options: PullLoopOptions;
  readonly #pulls = new Set<Pull>();
  readonly #works = new Set<Promise<void>>();
  /** Ends the present round of pulls; undefined between rounds. */
  #endRound: ((end: RoundEnd) => void) | undefined;
  #stopping = false;
  #sawLife = false;
  #ackWaitMs: number = DURABLE_LIMITS.ackWaitMs;
  #beating: Promise<void> | undefined;

  constructor(options: PullLoopOptions) {
    this.#options = options;
  }

  /** Runs until `signal` aborts, then drains. */
  async run(signal: AbortSignal): Promise<void> {
    const statuses = this.#options.bus.nc.status() as QueuedIterator<Status>;
    const over = new AbortController();
    const onAbort = () => {
      this.#stopping = true;
      this.#endRound?.('stopped');
    };
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    const watching = this.#watch(statuses);
    try {
      await this.#rounds(signal, over.signal);
      await this.#drain();
    } finally {
      signal.removeEventListener('abort', onAbort);
      over.abort();
      statuses.stop();
      await Promise.all([watching, this.#beating]);
    }
  }

  async #rounds(signal: AbortSignal, over: AbortSignal): Promise<void> {
    const { bus, clock, log, spec } = this.#options;
    const pauses = backoff({ minMs: 100, maxMs: 5_000, clock });
    while (!signal.aborted) {
      this.#sawLife = false;
      try {
        await untilConnected(bus, clock, signal);
        this.#ackWaitMs = await this.#openDurable();
        this.#beating ??= this.#beat(over);
        const end = await this.#round();
        if (end === 'stopped' || end === 'reconnected') continue;
        log.info({ end, stream: spec.stream }, 'the server ended our requests for messages; asking anew');
      } catch (error) {
        if (signal.aborted) return;
        log.warn({ err: error, stream: spec.stream }, 'messages cannot be asked for; trying again');
      }
      if (this.#sawLife) pauses.reset();
      await pauses.next(signal).catch(() => undefined);
    }
  }

  /** A new connection knows nothing of the requests that the old one left at the server. */
  async #watch(statuses: AsyncIterable<Status>): Promise<void> {
    for await (const { type } of statuses) if (type === 'reconnect') this.#endRound?.('reconnected');
  }

  /** Keeps the server from delivering again what is still being worked on: three times within its patience. */
  async #beat(signal: AbortSignal): Promise<void> {
    const { clock, runner } = this.#options;
    while (!signal.aborted) {
      await clock.sleep(Math.max(50, this.#ackWaitMs / 3), signal).catch(() => undefined);
      if (!signal.aborted) runner.keepAlive();
    }
  }

  /** Finds the durable, made anew where it is gone; how long the server waits for answers. */
  async #openDurable(): Promise<number> {
    const { bus, spec, log } = this.#options;
    const { stream, durable } = spec;
    const ask = async () => millis((await bus.jsm.consumers.info(stream, durable)).config.ack_wait ?? 0);
    try {
      return await ask();
    } catch (error) {
      const gone: number[] = [JetStreamApiCodes.StreamNotFound, JetStreamApiCodes.ConsumerNotFound];
      if (!(error instanceof JetStreamApiError) || !gone.includes(error.code)) throw error;
      await ensureStream(bus, stream, log);
      return ask();
    }
  }

  /** Pulls until something ends it: a shutdown, a durable that is gone, a new connection. */
  async #round(): Promise<RoundEnd> {
    const { promise, resolve } = Promise.withResolvers<RoundEnd>();
    this.#endRound = resolve;
    if (this.#stopping) resolve('stopped');
    else this.#fill();
    const end = await promise;
    this.#endRound = undefined;
    await this.#within(Promise.all([...this.#pulls].map((pull) => pull.drain())), WITHDRAW_MS);
    this.#pulls.clear();
    return end;
  }

  /** Asks for messages for the free hands; for half of them at least where others are being asked for already. */
  #fill(): void {
    const { bus, spec, runner, concurrency } = this.#options;
    if (this.#endRound === undefined || this.#stopping) return;
    const asked = [...this.#pulls].reduce((sum, pull) => sum + pull.open, 0);
    const free = concurrency - runner.running - asked;
    if (free < 1 || (asked > 0 && free < concurrency / 2)) return;
    const { stream, durable } = spec;
    const pull = openPull({
      nc: bus.nc,
      stream,
      durable,
      batch: free,
      expiresMs: PULL_MS,
      onDelivery: (delivery) => this.#take(delivery),
      onEnd: (end) => {
        this.#pulls.delete(pull);
        if (end === 'full' || end === 'expired') {
          this.#sawLife = true;
          this.#fill();
        } else {
          this.#endRound?.(end);
        }
      },
    });
    this.#pulls.add(pull);
  }

  #take(delivery: Delivery): void {
    this.#sawLife = true;
    if (this.#stopping) {
      delivery.nak();
      return;
    }
    const work = this.#options.runner.run(delivery).finally(() => {
      this.#works.delete(work);
      this.#fill();
    });
    this.#works.add(work);
  }

  /** Lets running handlers finish; then their signals abort; then what is left goes back to the server. */
  async #drain(): Promise<void> {
    const { bus, spec, runner, log, drainMs } = this.#options;
    // Makes the server forget the requests that were withdrawn. With a 2.9 a message that is given back while one of them
    // still stands there loses its place among those to deliver again, and its count of deliveries.
    await this.#within(bus.jsm.consumers.info(spec.stream, spec.durable), FLUSH_MS);
    await this.#within(Promise.all(this.#works), drainMs);
    runner.abort(new DOMException('the service is shutting down', 'AbortError'));
    await this.#within(Promise.all(this.#works), ABORTED_MS);
    const left = runner.release();
    if (left > 0) log.warn({ left }, 'handlers did not end in time; their messages go back');
    await this.#within(bus.nc.flush(), FLUSH_MS);
  }

  /** Waits for `work`, but no longer than `ms`. */
  async #within(work: Promise<unknown>, ms: number): Promise<void> {
    const settled = work.catch(() => undefined);
    await orLate(settled, ms, undefined, this.#options.clock);
  }
}
