import { catchUpOf, phaseOf, type StatusReader } from '#pkg/indexer/status.ts';
import type { Progress } from '#pkg/indexer/progress.ts';
import type { RateMeter } from '#pkg/indexer/rates.ts';
import { systemClock } from '#pkg/runtime/clock.ts';
import { isAbortError } from '#pkg/runtime/errors.ts';
import type { Service } from '#pkg/runtime/lifecycle.ts';
import { liveText } from './live-text.ts';
import type { Screen } from './screen.ts';

export interface MonitorOptions {
  readonly progress: Progress;
  readonly meter: RateMeter;
  readonly reader: StatusReader;
  readonly screen: Screen;
  /** Said once when no host was reached for a while: what can be done without a network. */
  readonly offlineHint?: string | undefined;
  readonly firstRunFromUs?: number | undefined;
}

const sampleMs = 1_000;
const drawMs = 250;
const logMs = 10_000;
/** Some hosts may have been tried by then. */
const hintAfterMs = 5_000;

/** Samples the rates, and shows them: one live line on a terminal, otherwise a log line every ten seconds. */
export const monitor = (options: MonitorOptions): Service => ({
  name: 'monitor',
  run: async (signal) => {
    const view = new View(options);
    try {
      while (!signal.aborted) {
        view.tick(systemClock.nowMs());
        await systemClock.sleep(drawMs, signal);
      }
    } catch (error) {
      if (!signal.aborted || !isAbortError(error)) throw error;
    }
    view.stopping();
  },
});

class View {
  readonly #options: MonitorOptions;
  readonly #startMs = systemClock.nowMs();
  #sampledMs = 0;
  #loggedMs = this.#startMs;
  #hinted = false;

  constructor(options: MonitorOptions) {
    this.#options = options;
  }

  tick(nowMs: number): void {
    const { meter, reader, screen } = this.#options;
    if (nowMs - this.#sampledMs >= sampleMs) {
      this.#sampledMs = nowMs;
      meter.sample(nowMs);
      // Keeps the number of open gaps fresh; its own failure is the stores', and they say so themselves.
      reader.read().catch(() => undefined);
    }
    this.#hint(nowMs);
    if (screen.live.enabled) this.#draw(nowMs);
    else if (nowMs - this.#loggedMs >= logMs) this.#log(nowMs);
  }

  stopping(): void {
    const { progress, screen } = this.#options;
    if (!progress.finished) screen.live.update('stopping: storing what was read');
  }

  #draw(nowMs: number): void {
    const { progress, meter, reader, screen, firstRunFromUs, offlineHint } = this.#options;
    screen.live.update(
      liveText(progress, {
        nowMs,
        eventsPerSecond: meter.eventsPerSecond,
        openGaps: reader.openGaps,
        catchUp: catchUpOf(progress, nowMs, firstRunFromUs),
        hint: offlineHint,
        width: screen.live.width,
        color: screen.color,
      }),
    );
  }

  #log(nowMs: number): void {
    const { progress, meter, reader, screen } = this.#options;
    this.#loggedMs = nowMs;
    const lagMs = progress.lagMs(nowMs);
    const fields = {
      phase: phaseOf(progress, nowMs),
      eventsPerSecond: Math.round(meter.eventsPerSecond),
      lagSeconds: lagMs === undefined ? null : Math.round(lagMs / 100) / 10,
      rows: progress.rows,
      gaps: reader.openGaps,
    };
    screen.log.info(fields, 'indexing');
  }

  #hint(nowMs: number): void {
    const { progress, offlineHint, screen } = this.#options;
    if (this.#hinted || offlineHint === undefined) return;
    const { link } = progress;
    if (link?.connected === true || progress.events > 0) return;
    const sinceMs = link?.sinceMs ?? this.#startMs;
    if (nowMs - sinceMs < hintAfterMs) return;
    this.#hinted = true;
    const since = new Date(sinceMs).toISOString();
    screen.log.warn({ since }, `no Jetstream host can be reached; still trying. ${offlineHint}`);
  }
}
