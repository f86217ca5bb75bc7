import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import type { Progress } from './progress.ts';
import { byCollection, type CollectionRate, type RateMeter } from './rates.ts';
import { emptyLedger, type Ledger, readLedger } from './ledger.ts';
import type { CursorRedis } from './store/cursor.ts';
import { orLate } from '#pkg/runtime/waiting.ts';

/** What the indexer is busy with. `stopped`: nobody who could know more is running. */
export type Phase = 'starting' | 'offline' | 'stalled' | 'catching up' | 'live' | 'replaying' | 'finished' | 'stopped';

/** How the indexer is doing, for the page, `status` and `status --json`. Times are ISO 8601, `null` is "not known". */
export interface StatusReport extends Pick<Ledger, 'dropped' | 'gaps' | 'deadLetters' | 'tables'> {
  readonly at: string;
  readonly phase: Phase;
  readonly lagSeconds: number | null;
  readonly eventsPerSecond: number;
  /** Seconds over which `rates` were measured. */
  readonly rateSeconds: number;
  readonly rates: readonly CollectionRate[];
  /** Events a second, one value a second, oldest first; empty where nothing is running. */
  readonly history: readonly number[];
  /** While catching up: microseconds of the network's time, and how long it will take. */
  readonly catchUp: { readonly done: number; readonly total: number; readonly etaSeconds: number | null } | null;
  readonly cursor: { readonly timeUs: number; readonly at: string; readonly host: string } | null;
  readonly link: {
    readonly host: string;
    readonly connected: boolean;
    readonly since: string;
    readonly lastEnd: string | null;
  } | null;
  readonly stall: { readonly since: string; readonly reason: string; readonly error: string } | null;
  /** Since this process started; null where none runs. */
  readonly process: { readonly events: number; readonly rows: number; readonly startedAt: string } | null;
  readonly lastFlushAt: string | null;
}

/** What there is to read from. `live` where this process is the one that indexes. */
export interface StatusSources {
  readonly store: ClickHouse;
  /** Undefined: the copy of the cursor in ClickHouse is shown. */
  readonly redis?: CursorRedis | undefined;
  readonly live?: {
    readonly progress: Progress;
    readonly meter: RateMeter;
    readonly firstRunFromUs?: number | undefined;
  };
  nowMs(): number;
}

/** The ledger is read again only when it is this old: many may watch, and a store in trouble must not be asked more. */
const ledgerAgeMs = 3_000;
/** How long somebody who watches a running indexer waits for a store that was never heard yet. */
const firstAnswerMs = 2_000;

/**
 * Reads reports. Of a running indexer the live part is always of now; what comes from the stores may be some seconds old, and
 * while a store does not answer it stays as it was, so that a report never waits for a store in trouble.
 */
export class StatusReader {
  readonly #sources: StatusSources;
  #last: Ledger | undefined;
  #lastMs = 0;
  #reading: Promise<void> | undefined;

  constructor(sources: StatusSources) {
    this.#sources = sources;
  }

  /** The latest report. Rejects with the store's error where nothing runs that could be told about without it. */
  async read(): Promise<StatusReport> {
    const { live } = this.#sources;
    const nowMs = this.#sources.nowMs();
    if (live === undefined) {
      await this.#refresh();
    } else {
      if (nowMs - this.#lastMs >= ledgerAgeMs) this.#reading ??= this.#refreshQuietly();
      if (this.#last === undefined) await orLate(this.#reading ?? Promise.resolve(), firstAnswerMs, undefined);
    }
    return toReport(this.#last ?? emptyLedger, live, nowMs);
  }

  /** Open gaps as far as known, for a line that must not wait. */
  get openGaps(): number {
    return Math.max(this.#last?.gaps.open ?? 0, this.#sources.live?.progress.gaps ?? 0);
  }

  async #refresh(): Promise<void> {
    this.#last = await readLedger(this.#sources.store, this.#sources.redis);
    this.#lastMs = this.#sources.nowMs();
  }

  /** The indexer itself says loudly what is wrong with a store. */
  async #refreshQuietly(): Promise<void> {
    try {
      await this.#refresh();
    } catch {
      this.#lastMs = this.#sources.nowMs();
    } finally {
      this.#reading = undefined;
    }
  }
}

type Live = NonNullable<StatusSources['live']>;

const toReport = (ledger: Ledger, live: Live | undefined, nowMs: number): StatusReport => {
  const cursor = cursorOf(ledger, live);
  const base = {
    at: iso(nowMs),
    cursor: cursor === undefined ? null : { ...cursor, at: iso(cursor.timeUs / 1000) },
    lastFlushAt: ledger.lastFlushMs === undefined ? null : iso(ledger.lastFlushMs),
    dropped: ledger.dropped,
    gaps: ledger.gaps,
    deadLetters: ledger.deadLetters,
    tables: ledger.tables,
  };
  return live === undefined ? { ...base, ...pastPart(ledger, nowMs) } : { ...base, ...livePart(live, nowMs) };
};

/** A running indexer has moved on since the ledger was read; a file's times are no cursor. */
const cursorOf = (ledger: Ledger, live: Live | undefined): Ledger['cursor'] => {
  const { link, durableUs = 0 } = live?.progress ?? {};
  if (link === undefined || durableUs <= (ledger.cursor?.timeUs ?? 0)) return ledger.cursor;
  return { timeUs: durableUs, host: link.host };
};

type RunningPart = Omit<StatusReport, 'at' | 'cursor' | 'lastFlushAt' | 'dropped' | 'gaps' | 'deadLetters' | 'tables'>;

/** As the ingest log tells it: for a process of its own, or for one that has ended. */
const pastPart = (ledger: Ledger, nowMs: number): RunningPart => ({
  phase: 'stopped',
  lagSeconds: ledger.cursor === undefined ? null : Math.max(0, nowMs - ledger.cursor.timeUs / 1000) / 1000,
  eventsPerSecond: ledger.recent.events / ledger.recent.seconds,
  rateSeconds: ledger.recent.seconds,
  rates: [...byCollection(ledger.recent.operations)]
    .map(([collection, count]) => ({ collection, perSecond: count / ledger.recent.seconds, history: [] }))
    .toSorted((a, b) => b.perSecond - a.perSecond),
  history: [],
  catchUp: null,
  link: null,
  stall: null,
  process: null,
});

const livePart = ({ progress, meter, firstRunFromUs }: Live, nowMs: number): RunningPart => {
  const { link, stall } = progress;
  const lagMs = progress.lagMs(nowMs);
  return {
    phase: phaseOf(progress, nowMs),
    lagSeconds: lagMs === undefined ? null : lagMs / 1000,
    eventsPerSecond: meter.eventsPerSecond,
    rateSeconds: meter.collectionSeconds,
    rates: meter.collections(),
    history: meter.history(),
    catchUp: catchUpOf(progress, nowMs, firstRunFromUs),
    link:
      link === undefined
        ? null
        : { host: link.host, connected: link.connected, since: iso(link.sinceMs), lastEnd: link.lastEnd ?? null },
    stall: stall === undefined ? null : { since: iso(stall.sinceMs), reason: stall.reason, error: stall.error },
    process: { events: progress.events, rows: progress.rows, startedAt: iso(progress.startedAtMs) },
  };
};

/** In one word; the first that is true of: finished, stalled, starting, offline, live, catching up. */
export const phaseOf = (progress: Progress, nowMs: number): Phase => {
  if (progress.finished) return 'finished';
  if (progress.stall !== undefined) return 'stalled';
  if (progress.link === undefined) return progress.events > 0 ? 'replaying' : 'starting';
  if (!progress.link.connected) return 'offline';
  return progress.caughtUp(nowMs) ? 'live' : 'catching up';
};

/**
 * How much of the network's time since the start of this run is in, in microseconds. The end moves on while we read, so
 * the time left is what remains divided by how much faster than the network we are. Null when there is nothing to catch up.
 */
export const catchUpOf = (progress: Progress, nowMs: number, firstRunFromUs?: number): StatusReport['catchUp'] => {
  const fromUs = progress.startedFromUs === 0 ? (firstRunFromUs ?? 0) : progress.startedFromUs;
  if (fromUs === 0 || progress.link?.connected !== true || progress.caughtUp(nowMs)) return null;
  const done = Math.max(0, progress.durableUs - fromUs);
  const total = Math.max(1, nowMs * 1000 - fromUs);
  const elapsedUs = Math.max(1, (nowMs - progress.startedAtMs) * 1000);
  const gain = done / elapsedUs - 1;
  return { done, total, etaSeconds: gain > 0 ? (total - done) / gain / 1e6 : null };
};

const iso = (ms: number): string => new Date(ms).toISOString();
