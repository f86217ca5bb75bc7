import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import { classifyFailure } from '#pkg/clickhouse/errors.ts';
import type { Clock } from '#pkg/runtime/clock.ts';
import { isAbortError } from '#pkg/runtime/errors.ts';
import type { Service } from '#pkg/runtime/lifecycle.ts';
import type { Logger } from '#pkg/runtime/log.ts';
import type { KeptTastes, TasteRedis } from './kept.ts';
import { rebuildTastes } from './rebuild.ts';

export interface UpkeepOptions {
  readonly store: Pick<ClickHouse, 'query'>;
  readonly redis: Pick<TasteRedis, 'get' | 'set'>;
  readonly kept: KeptTastes;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Keeps the tastes in Redis, which are derived, in step with what is durable in ClickHouse. */
export interface Upkeep {
  /** Something said at that moment is, or may be, durable and is not in Redis. */
  repairSince(atMs: number): void;
  readonly service: Service;
}

/** Holds the moment (milliseconds) up to which tastes are known to be complete. Gone: Redis is new, or was emptied. */
export const BUILT_KEY = 'feed:taste:built';

const EVERY_MS = 10_000;
/**
 * How far behind the mark the first turn begins: for what another instance, or this one before it was killed, had made durable
 * and not told Redis. Long enough for a restart.
 */
const SLACK_MS = 3_600_000;

export const createUpkeep = ({ store, redis, kept, clock, log }: UpkeepOptions): Upkeep => {
  let repairFromMs: number | undefined;
  let isFirst = true;

  const repairSince = (atMs: number) => {
    repairFromMs = Math.min(repairFromMs ?? atMs, atMs);
  };

  /** From when on tastes must be made anew; undefined: they are complete. */
  const readSince = async (): Promise<number | undefined> => {
    const mark = Number((await redis.get(BUILT_KEY)) ?? Number.NaN);
    if (!Number.isFinite(mark)) return 0;
    const own = repairFromMs ?? Infinity;
    const since = isFirst ? Math.min(own, mark - SLACK_MS) : own;
    return Number.isFinite(since) ? Math.max(0, since) : undefined;
  };

  const step = async (signal: AbortSignal) => {
    const startedMs = clock.nowMs();
    const sinceMs = await readSince();
    repairFromMs = undefined;
    if (sinceMs !== undefined) {
      try {
        const tastes = await rebuildTastes({ store, kept, sinceMs, signal });
        log.info({ tastes, sinceMs, tookMs: clock.nowMs() - startedMs }, 'tastes of accounts were made anew');
      } catch (error) {
        repairSince(sinceMs);
        throw error;
      }
    }
    isFirst = false;
    // What failed meanwhile is not complete: the next turn sets the mark.
    if (repairFromMs === undefined) await redis.set(BUILT_KEY, startedMs);
  };

  const run = async (signal: AbortSignal) => {
    while (!signal.aborted) {
      try {
        await step(signal);
      } catch (error) {
        if (signal.aborted) return;
        if (classifyFailure(error) === 'schema') throw error;
        log.warn({ err: error }, 'tastes of accounts could not be made anew: trying again within seconds');
      }
      try {
        await clock.sleep(EVERY_MS, signal);
      } catch (error) {
        if (!isAbortError(error)) throw error;
      }
    }
  };

  return { repairSince, service: { name: 'feed-tastes', run } };
};
