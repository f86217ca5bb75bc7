import type { Clock } from '#pkg/runtime/clock.ts';
import { orLate } from '#pkg/runtime/waiting.ts';

/** More is waiting to be stored than may wait, or it waited too long. Trying again in a moment may help. */
export class CommitBusyError extends Error {
  override readonly name = 'CommitBusyError';
}

export interface GroupCommitOptions<Row> {
  /** Makes rows durable, or throws. Never called before the last call has settled. */
  readonly write: (rows: readonly Row[]) => Promise<void>;
  readonly clock: Clock;
  /** Rows that may wait behind the ones being written. */
  readonly mostWaiting: number;
  /** How long a caller waits, in milliseconds. */
  readonly patienceMs: number;
}

/** Rows of many callers, written together. */
export interface GroupCommit<Row> {
  /**
   * Resolves when the rows are durable.
   * @throws CommitBusyError at once when too many wait, or after the patience: the rows may become durable all the same;
   *   otherwise what `write` threw
   */
  readonly commit: (rows: readonly Row[]) => Promise<void>;
}

interface Waiting<Row> {
  readonly rows: readonly Row[];
  resolve(): void;
  reject(error: unknown): void;
}

/** One write at a time; whoever comes meanwhile goes with the next. So the store sees few large writes, however many call. */
export const createGroupCommit = <Row>(options: GroupCommitOptions<Row>): GroupCommit<Row> => {
  const { write, clock, mostWaiting, patienceMs } = options;
  let waiting: Waiting<Row>[] = [];
  let waitingRows = 0;
  let isWriting = false;

  const writeAll = async () => {
    isWriting = true;
    while (waiting.length > 0) {
      const group = waiting;
      waiting = [];
      waitingRows = 0;
      try {
        await write(group.flatMap(({ rows }) => rows));
        for (const one of group) one.resolve();
      } catch (error) {
        for (const one of group) one.reject(error);
      }
    }
    isWriting = false;
  };

  return {
    async commit(rows) {
      if (waitingRows + rows.length > mostWaiting) throw new CommitBusyError('too many rows are waiting to be stored');
      const { promise, resolve, reject } = Promise.withResolvers<true>();
      waiting.push({ rows, resolve: () => resolve(true), reject });
      waitingRows += rows.length;
      if (!isWriting) void writeAll();
      // Of those who gave up nobody hears the end.
      promise.catch(() => undefined);
      if (!(await orLate(promise, patienceMs, false, clock))) {
        throw new CommitBusyError(`rows were not stored within ${patienceMs} ms`);
      }
    },
  };
};
