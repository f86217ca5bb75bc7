import type { Logger } from '#pkg/runtime/log.ts';
import type { Clock } from '#pkg/runtime/clock.ts';
import { backoff } from '#pkg/runtime/backoff.ts';
import { classifyFailure, isDiskFull } from '#pkg/clickhouse/errors.ts';
import { UserError } from '#pkg/runtime/errors.ts';

/** What the flusher needs in order to outlast a store that is away. */
export interface Patience {
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** Told on every failure and on recovery, for `status` and metrics. */
  onStall(stall: Stall | undefined): void;
}

/** A store that does not take our rows, since when and why. */
export interface Stall {
  readonly sinceMs: number;
  readonly reason: 'disk_full' | 'unavailable';
  readonly error: string;
}

const minMs = 100;
const maxMs = 5_000;

/**
 * Runs `work` until it succeeds, waiting longer between tries up to 5 s. Gives up only when the signal aborts, for rows
 * that can never be stored (rethrown for the caller to bisect), or for a database that is not ours to use.
 */
export const untilDone = async (what: string, patience: Patience, work: () => Promise<void>): Promise<void> => {
  const wait = backoff({ minMs, maxMs, clock: patience.clock });
  const sinceMs = patience.clock.nowMs();
  for (let tries = 0; ; tries += 1) {
    try {
      await work();
      if (tries > 0) {
        patience.onStall(undefined);
        patience.log.info({ what, tries }, 'the store takes rows again');
      }
      return;
    } catch (error) {
      const kind = classifyFailure(error);
      if (kind === 'data') throw error;
      if (kind === 'schema') throw schemaError(error);
      patience.signal.throwIfAborted();
      const stall: Stall = { sinceMs, reason: isDiskFull(error) ? 'disk_full' : 'unavailable', error: String(error) };
      patience.onStall(stall);
      if (tries === 0 || tries % 10 === 9) {
        patience.log.warn({ what, tries: tries + 1, err: error }, stallMessages[stall.reason]);
      }
      await wait.next(patience.signal);
    }
  }
};

const stallMessages: Readonly<Record<Stall['reason'], string>> = {
  disk_full: 'the disk is full: reading has stopped, nothing is lost, and it goes on by itself once there is room',
  unavailable: 'the store does not take rows: reading waits, nothing is lost, trying again',
};

const schemaError = (cause: unknown): UserError =>
  new UserError('ClickHouse refused a statement that this version of Skyflow needs.', {
    hint: 'Run `npm run skyflow -- migrate up`, and check the rights of the user in CLICKHOUSE_URL.',
    cause,
  });
