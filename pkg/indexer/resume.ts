import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import type { Clock } from '#pkg/runtime/clock.ts';
import type { Logger } from '#pkg/runtime/log.ts';
import { recordGap } from './gaps.ts';
import { rewindUs } from './source/jetstream.ts';
import { believedAheadUs } from './source/types.ts';
import { type CursorRedis, loadCursor } from './store/cursor.ts';

/** Where a run begins. Times in microseconds. */
export interface Resume {
  /** The cursor to ask the source for; undefined: the present. */
  readonly fromUs: number | undefined;
  /** The newest event known to be durable, against which the first one to come is held; 0 when nothing is known. */
  readonly lastUs: number;
  /** Where that event came from. */
  readonly origin: string;
}

export interface ResumeOptions {
  readonly store: ClickHouse;
  readonly redis: CursorRedis;
  readonly lookBackMs: number;
  readonly firstRunFromUs?: number | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Reads the saved cursor. One in the future would make a host skip to its tip without a word, and tells nothing about
 * where reading stopped: then everything a host still keeps is read again, and the ledger says so.
 */
export const findResume = async (options: ResumeOptions): Promise<Resume> => {
  const { store, redis, clock, lookBackMs, log } = options;
  const cursor = await loadCursor(store, redis);
  if (cursor === undefined) return { fromUs: options.firstRunFromUs, lastUs: 0, origin: '' };
  const nowUs = clock.nowMs() * 1000;
  if (cursor.timeUs <= nowUs + believedAheadUs) {
    return { fromUs: cursor.timeUs - rewindUs.sameHost, lastUs: cursor.timeUs, origin: cursor.origin };
  }
  const fromUs = nowUs - lookBackMs * 1000;
  log.error(
    { cursorUs: cursor.timeUs },
    'the saved cursor lies in the future: reading again from the start of the look-back',
  );
  await recordGap(store, { fromUs, toUs: nowUs, reason: 'cursor_unreadable', source: cursor.origin }, clock.nowMs());
  return { fromUs, lastUs: 0, origin: '' };
};
