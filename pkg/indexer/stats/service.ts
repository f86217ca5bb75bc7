import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import { classifyFailure } from '#pkg/clickhouse/errors.ts';
import type { Clock } from '#pkg/runtime/clock.ts';
import { isAbortError } from '#pkg/runtime/errors.ts';
import type { Service } from '#pkg/runtime/lifecycle.ts';
import type { Logger } from '#pkg/runtime/log.ts';
import { addDays, type Day, dayOf, firstDay, nextDayWithData, refreshDailyStats } from './refresh.ts';

export interface DailyStatsOptions {
  readonly store: ClickHouse;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The last days are counted anew every minute: today and two before. Older ones change seldom: once a day. */
const recentDays = 3;
const recentEveryMs = 60_000;
const passEveryMs = 86_400_000;
const betweenOldDaysMs = 1_000;
/** However large the days are, counting takes at most a fifth of the time. */
const restFactor = 5;

/** Keeps `daily_stats` up to date, in small pieces, and outlasts a store that is away. */
export const dailyStatsService = (options: DailyStatsOptions): Service => ({
  name: 'daily-stats',
  run: async (signal) => {
    const job = new DailyStatsJob(options);
    try {
      while (!signal.aborted) {
        await job.step();
        await options.clock.sleep(job.restMs(), signal);
      }
    } catch (error) {
      if (!signal.aborted || !isAbortError(error)) throw error;
    }
  },
});

class DailyStatsJob {
  readonly #options: DailyStatsOptions;
  #recentDueMs: number;
  #oldDueMs: number;
  /** When the pass over the old days that is under way began, and the day that it has reached. */
  #passStartMs = 0;
  #next: Day = firstDay;

  constructor(options: DailyStatsOptions) {
    this.#options = options;
    this.#recentDueMs = options.clock.nowMs();
    this.#oldDueMs = this.#recentDueMs;
  }

  /** Until the next step is due. */
  restMs(): number {
    return Math.max(0, Math.min(this.#recentDueMs, this.#oldDueMs) - this.#options.clock.nowMs());
  }

  async step(): Promise<void> {
    const { clock } = this.#options;
    const nowMs = clock.nowMs();
    const today = dayOf(nowMs);
    const since = addDays(today, 1 - recentDays);
    if (nowMs >= this.#recentDueMs) {
      await this.#attempt(() => refreshDailyStats(this.#options.store, since, today));
      this.#recentDueMs = nowMs + Math.max(recentEveryMs, restFactor * (clock.nowMs() - nowMs));
    } else if (nowMs >= this.#oldDueMs) {
      const isOver = await this.#attempt(() => this.#oldDay(since, today));
      const restMs = Math.max(betweenOldDaysMs, restFactor * (clock.nowMs() - nowMs));
      this.#oldDueMs = isOver === true ? Math.max(nowMs + restMs, this.#passStartMs + passEveryMs) : nowMs + restMs;
    }
  }

  /** One day outside of the recent ones (keys may lie in the future too); true when there is none left in this pass. */
  async #oldDay(since: Day, today: Day): Promise<boolean> {
    const { store, clock } = this.#options;
    if (this.#next === firstDay) this.#passStartMs = clock.nowMs();
    const found = await nextDayWithData(store, this.#next);
    const isRecent = found !== undefined && found >= since && found <= today;
    const day = isRecent ? await nextDayWithData(store, addDays(today, 1)) : found;
    if (day === undefined) {
      this.#next = firstDay;
      return true;
    }
    await refreshDailyStats(store, day, day);
    this.#next = addDays(day, 1);
    return false;
  }

  /** Statistics can wait: a store that is away is tried again at the next turn. One that is not ours is not. */
  async #attempt<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      if (classifyFailure(error) === 'schema') throw error;
      this.#options.log.warn({ err: error }, 'the daily statistics could not be counted: trying again within minutes');
      return undefined;
    }
  }
}
