import { loadSalt } from '#pkg/clickhouse/salt.ts';
import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import { createKeys, type Keys } from '#pkg/clickhouse/keys.ts';
import type { Clock } from '#pkg/runtime/clock.ts';
import type { Service } from '#pkg/runtime/lifecycle.ts';
import type { Logger } from '#pkg/runtime/log.ts';
import type { Batch } from './batch/batch.ts';
import { Batcher, type BatchLimits } from './batch/batcher.ts';
import { Intake } from './batch/intake.ts';
import { RevisionFilter } from './batch/revision-filter.ts';
import { findGap, recordGap } from './gaps.ts';
import { Progress } from './progress.ts';
import { findResume, type Resume } from './resume.ts';
import type { EventSource, SourceChunk } from './source/types.ts';
import type { CursorRedis } from './store/cursor.ts';
import { flush, type FlushPoint } from './store/flush.ts';
import { loadRevisions } from './store/revisions.ts';
import { type Patience, untilDone } from './store/retry.ts';

export interface IndexerOptions {
  readonly store: ClickHouse;
  readonly redis: CursorRedis;
  readonly source: EventSource;
  readonly limits: BatchLimits;
  readonly lookBackMs: number;
  /** Where the very first run begins, in microseconds; undefined: now. */
  readonly firstRunFromUs?: number | undefined;
  readonly clock: Clock;
  readonly log: Logger;
  readonly progress?: Progress;
  /** For crash tests: told at each step of a flush. */
  readonly onPoint?: (point: FlushPoint) => void;
}

/** Frames taken between two looks at whether a flush is due. */
const framesPerLook = 512;
const tickMs = 100;
/** How long a stop waits for a store that does not take rows. */
const windDownMs = 10_000;

/** Reads a source into ClickHouse until it ends or is told to stop: everything taken is durable before the cursor moves. */
export class Indexer implements Service {
  readonly name = 'indexer';
  readonly progress: Progress;
  readonly #options: IndexerOptions;

  constructor(options: IndexerOptions) {
    this.#options = options;
    this.progress = options.progress ?? new Progress();
  }

  /** Resolves when the signal aborts and everything taken is durable, or when a file was read to its end. */
  async run(signal: AbortSignal): Promise<void> {
    const { store, source, clock } = this.#options;
    const keys = createKeys(await loadSalt(store));
    const filter = new RevisionFilter();
    await loadRevisions(store, filter);
    const resume = source.resumable ? await findResume(this.#options) : { fromUs: undefined, lastUs: 0, origin: '' };
    this.progress.startedFromUs = resume.lastUs;
    this.progress.startedAtMs = clock.nowMs();
    await new Pipeline(this.#options, this.progress, { keys, filter }, resume).read(signal);
    this.progress.finished = !source.resumable && !signal.aborted;
  }
}

/** One run's machinery: source -> intake -> batcher -> flush. */
class Pipeline {
  readonly #options: IndexerOptions;
  readonly #progress: Progress;
  readonly #batcher: Batcher;
  readonly #intake: Intake;
  readonly #patience: Patience;
  readonly #windDown = new AbortController();
  readonly #fromUs: number | undefined;
  #connection = 0;
  #lastUs: number;
  #lastOrigin: string;

  constructor(
    options: IndexerOptions,
    progress: Progress,
    index: { keys: Keys; filter: RevisionFilter },
    resume: Resume,
  ) {
    this.#options = options;
    this.#progress = progress;
    this.#fromUs = resume.fromUs;
    this.#lastUs = resume.lastUs;
    this.#lastOrigin = resume.origin;
    const { clock, log } = options;
    this.#patience = {
      clock,
      log,
      signal: this.#windDown.signal,
      onStall: (stall) => {
        progress.stall = stall;
      },
    };
    this.#batcher = new Batcher({
      limits: options.limits,
      clock,
      flush: (batch) => this.#flush(batch),
      onTurn: (batch) => this.#intake.fill(batch),
    });
    this.#batcher.open.cursorUs = resume.lastUs;
    this.#intake = new Intake({ ...index, batch: this.#batcher.open, nowUs: () => clock.nowMs() * 1000 });
  }

  async read(signal: AbortSignal): Promise<void> {
    const ticker = setInterval(() => this.#batcher.tick(), tickMs);
    // The first signal says stop reading; what was taken may still get in, but not for ever.
    let lastChance: NodeJS.Timeout | undefined;
    const onStop = () => {
      lastChance = setTimeout(() => this.#windDown.abort(), windDownMs);
    };
    signal.addEventListener('abort', onStop, { once: true });
    try {
      for await (const chunk of this.#options.source.chunks(this.#fromUs, signal)) {
        await this.#noticeGap(chunk);
        await this.#takeAll(chunk);
      }
      await this.#batcher.drain();
    } catch (error) {
      const wasStopped = this.#windDown.signal.aborted;
      // Nothing may still write once `run` has ended: the caller closes the stores.
      this.#windDown.abort();
      await this.#batcher.settle();
      if (!wasStopped) throw error;
      this.#options.log.warn('stopped while the store was away: the events not yet stored will be read again');
    } finally {
      signal.removeEventListener('abort', onStop);
      clearTimeout(lastChance);
      clearInterval(ticker);
    }
  }

  async #takeAll(chunk: SourceChunk): Promise<void> {
    const progress = this.#progress;
    this.#batcher.open.origin = chunk.origin;
    for (let index = 0; index < chunk.items.length; index += 1) {
      if (index % framesPerLook === 0) {
        await this.#batcher.room();
        this.#batcher.touch();
      }
      const fate = this.#intake.take(chunk.items[index]);
      if (fate === 'ok') progress.ok += 1;
    }
    progress.events += chunk.items.length;
    this.#lastUs = Math.max(this.#lastUs, this.#batcher.open.cursorUs);
    this.#lastOrigin = chunk.origin;
    progress.takenUs = this.#lastUs;
    await this.#batcher.room();
  }

  /** On the first chunk of a connection: did it begin where we had stopped? The gap is durable before its events are. */
  async #noticeGap(chunk: SourceChunk): Promise<void> {
    if (!this.#options.source.resumable || chunk.connection === this.#connection) return;
    const firstUs = firstTimeUs(chunk.items);
    if (firstUs === undefined) return;
    this.#connection = chunk.connection;
    const { clock, log, lookBackMs, store } = this.#options;
    const nowMs = clock.nowMs();
    const gap = findGap({
      lastUs: this.#lastUs,
      firstUs,
      nowUs: nowMs * 1000,
      lookBackUs: lookBackMs * 1000,
      toleranceUs: chunk.origin === this.#lastOrigin ? 0 : 1_000_000,
      source: chunk.origin,
    });
    if (gap === undefined) return;
    let estimate = 0;
    await untilDone('record a gap', this.#patience, async () => {
      estimate = await recordGap(store, gap, nowMs);
    });
    this.#progress.gaps += 1;
    log.error({ gap, estimatedEvents: estimate }, 'an interval of the network could not be read: recorded as a gap');
  }

  async #flush(batch: Batch): Promise<void> {
    const { store, redis, source, clock, onPoint } = this.#options;
    const startedMs = clock.nowMs();
    const report = await flush(batch, { store, redis, patience: this.#patience, resumable: source.resumable, onPoint });
    const progress = this.#progress;
    progress.flushes += 1;
    progress.rows += report.rows;
    progress.dead += report.dead;
    progress.durableUs = Math.max(progress.durableUs, batch.cursorUs);
    progress.lastFlushMs = clock.nowMs() - startedMs;
    for (const [name, count] of batch.operations)
      progress.operations.set(name, (progress.operations.get(name) ?? 0) + count);
    for (const [reason, count] of batch.dropped) {
      progress.dropped.set(reason as never, (progress.dropped.get(reason as never) ?? 0) + count);
    }
  }
}

const firstTimeUs = (items: readonly unknown[]): number | undefined => {
  for (const item of items) {
    const timeUs = (item as { time_us?: unknown } | null)?.time_us;
    if (typeof timeUs === 'number' && Number.isSafeInteger(timeUs) && timeUs > 0) return timeUs;
  }
  return undefined;
};
