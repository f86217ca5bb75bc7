import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import { loadSalt } from '#pkg/clickhouse/salt.ts';
import type { Clock } from '#pkg/runtime/clock.ts';
import { isAbortError } from '#pkg/runtime/errors.ts';
import type { Logger } from '#pkg/runtime/log.ts';
import { Counter, type Registry } from '#pkg/runtime/metrics.ts';
import type { Visit, Visits } from '../parts.ts';
import { CountedVisits, visitColumns, writeVisits } from './counted.ts';
import { dayOf } from './day.ts';
import { createVisitorIds } from './visitor.ts';

/** Options of `createVisits`. */
export interface VisitsOptions {
  readonly store: ClickHouse;
  readonly clock: Clock;
  readonly log: Logger;
  readonly registry: Registry;
  /** Entries (day, feed, visitor) at which they are written at once, and held at most; default 50,000 and twice that. */
  readonly flushAt?: number;
}

const FLUSH_EVERY_MS = 10_000;

/**
 * Counts visits in memory and writes them every ten seconds. While the store is away they are kept, up to the bound; what goes
 * beyond is dropped and counted. What was being written when the store went away may be counted twice: these are figures for
 * the owner, not accounts.
 */
export const createVisits = (options: VisitsOptions): Visits => {
  const { clock, flushAt = 50_000 } = options;
  const most = 2 * flushAt;
  const dropped = new Counter({
    name: 'skyflow_feed_visits_dropped_total',
    help: 'Requests for feeds that are missing from the figures since the store did not take them.',
    registers: [options.registry],
  });
  const write = createWrite(options);
  let counted = new CountedVisits(most);
  let wake = () => {};

  /** Takes what is counted, writes it, and puts it back where that fails. Whether the store took it. */
  const flush = async (): Promise<boolean> => {
    const taken = counted;
    if (taken.size === 0) return true;
    counted = new CountedVisits(most);
    if (await write(taken)) return true;
    for (const visits of taken.values()) if (!counted.add(visits)) dropped.inc(visits.requests);
    return false;
  };

  const run = async (signal: AbortSignal) => {
    let isTaken = true;
    while (!signal.aborted) {
      const woken = new AbortController();
      wake = () => woken.abort();
      try {
        // Many may have come while others were written. A store that takes nothing is not asked without pause.
        if (!isTaken || counted.size < flushAt) {
          await clock.sleep(FLUSH_EVERY_MS, AbortSignal.any([signal, woken.signal]));
        }
      } catch (error) {
        if (!isAbortError(error)) throw error;
      }
      isTaken = await flush();
    }
    await flush();
  };

  return {
    count({ rkey, viewer, depth, isFirst }: Visit) {
      const day = dayOf(clock.nowMs());
      const isCounted = counted.add({
        day,
        rkey,
        did: viewer?.did ?? '',
        requests: 1,
        firstPages: isFirst ? 1 : 0,
        depth,
      });
      if (!isCounted) dropped.inc();
      if (isCounted && counted.size === flushAt) wake();
    },
    services: [{ name: 'feed-visits', run }],
  };
};

/** Writes counts to `feed_visits`; false when the store did not take them. */
const createWrite = ({ store, log }: Pick<VisitsOptions, 'store' | 'log'>) => {
  let visitorIds: ReturnType<typeof createVisitorIds> | undefined;
  let failures = 0;
  return async (counted: CountedVisits): Promise<boolean> => {
    try {
      visitorIds ??= createVisitorIds(await loadSalt(store));
      await store.insertRows('feed_visits', visitColumns, writeVisits(counted.values(), visitorIds));
      if (failures > 0) log.info({ failures }, 'the figures of the feeds are written again');
      failures = 0;
      return true;
    } catch (error) {
      failures += 1;
      // Once when it begins and about once in ten minutes: the figures can wait.
      if (failures % 60 === 1)
        log.warn({ err: error, failures }, 'the figures of the feeds could not be written: kept');
      return false;
    }
  };
};
