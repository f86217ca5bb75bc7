import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import { defineQuery } from '#pkg/clickhouse/query.ts';
import { TIME_WINDOW_MS, TIME_WINDOWS, type TimeWindow } from '#pkg/contracts/lens.ts';
import type { Clock } from '#pkg/runtime/clock.ts';
import type { Service } from '#pkg/runtime/lifecycle.ts';
import type { Logger } from '#pkg/runtime/log.ts';
import { parseJson } from '#pkg/runtime/json.ts';
import { computeReference, maxReferenceAccounts } from './compute.ts';
import { type Reference, reference } from './reference.ts';

const loadQuery = defineQuery<Record<string, never>, { time_window: string; body: string }>({
  name: 'load_references',
  sql: 'SELECT time_window, body FROM lens_references FINAL',
});

/** A reference is made anew when it is this part of its window old. */
const partOfWindow = 144;
/** Of a network so small that it is measured whole: after ten seconds; of one without a post, after two. */
const smallPauseMs = 10_000;
const emptyPauseMs = 2_000;
/** Nor may making references take more than this share of the time; a small network's may take more, for it soon is another. */
const timeShare = 0.02;
const smallTimeShare = 0.1;

/**
 * The references of all windows: kept in memory, stored so that other processes and the next start have them at once, and made
 * anew in the background. A request only ever looks at what is in memory.
 */
export class References {
  readonly #store: ClickHouse;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #known = new Map<TimeWindow, Reference>();

  constructor({ store, clock, log }: { store: ClickHouse; clock: Clock; log: Logger }) {
    this.#store = store;
    this.#clock = clock;
    this.#log = log;
  }

  get(window: TimeWindow): Reference | undefined {
    return this.#known.get(window);
  }

  /** Takes over what is stored, where it is newer. */
  async load(): Promise<void> {
    for (const row of await this.#store.query(loadQuery, {})) {
      const window = TIME_WINDOWS.find((one) => one === row.time_window);
      const parsed = reference.safeParse(parseJson(row.body));
      if (window === undefined || !parsed.success) continue;
      if ((this.#known.get(window)?.computedAtMs ?? 0) < parsed.data.computedAtMs) this.#known.set(window, parsed.data);
    }
  }

  /** Makes one anew, now. */
  async refresh(window: TimeWindow, signal?: AbortSignal): Promise<void> {
    const made = await computeReference(this.#store, window, this.#clock.nowMs(), signal);
    this.#known.set(window, made);
    await this.#store.command(
      `INSERT INTO lens_references (time_window, computed_at, accounts, body)
       SELECT {window:String}, fromUnixTimestamp64Milli({at:Int64}, 'UTC'), {accounts:UInt32}, {body:String}`,
      { window, at: made.computedAtMs, accounts: made.accounts, body: JSON.stringify(made) },
    );
  }

  /** Keeps them fresh. A failure is logged and tried again; the old ones serve meanwhile. */
  service(): Service {
    return { name: 'lens references', run: (signal) => this.#keepFresh(signal) };
  }

  async #keepFresh(signal: AbortSignal): Promise<void> {
    await this.load().catch((error: unknown) =>
      this.#log.warn({ err: error }, 'the stored references could not be read'),
    );
    const dueMs = new Map<TimeWindow, number>();
    while (!signal.aborted) {
      for (const window of TIME_WINDOWS) {
        const startedMs = this.#clock.nowMs();
        if (signal.aborted || startedMs < (dueMs.get(window) ?? 0)) continue;
        try {
          await this.refresh(window, signal);
        } catch (error) {
          if (signal.aborted) return;
          this.#log.warn({ err: error, window }, 'the reference of a time window could not be made anew');
        }
        const tookMs = this.#clock.nowMs() - startedMs;
        dueMs.set(window, this.#clock.nowMs() + this.#pauseMs(window, tookMs));
      }
      await this.#clock.sleep(1_000, signal).catch(() => undefined);
    }
  }

  /** A small network is measured in a moment, and grows: its references are made often, and at once when it begins. */
  #pauseMs(window: TimeWindow, tookMs: number): number {
    const accounts = this.#known.get(window)?.accounts ?? 0;
    if (accounts === 0) return emptyPauseMs;
    return accounts < maxReferenceAccounts
      ? Math.max(smallPauseMs, tookMs / smallTimeShare)
      : Math.max(TIME_WINDOW_MS[window] / partOfWindow, tookMs / timeShare);
  }
}
