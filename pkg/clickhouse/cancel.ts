import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { ChdbConnection } from 'chdb/connection';

/** A statement that can be stopped. `id` is how the engine will know it. */
export interface Stoppable<T> {
  readonly signal: AbortSignal;
  /** Starts the statement under `id`. `gone` aborts when the caller no longer waits: close the connection then. */
  start(id: string, gone: AbortSignal): Promise<T>;
  /** Asks the engine to stop `id`; nothing happens where it does not run. */
  stop(id: string): Promise<void>;
  /** Whether `start` settles only when the engine is done with the statement, so that stopping can be repeated until then. */
  settlesWithEngine: boolean;
  /** Lets go of what the engine still holds of a statement that was stopped. */
  release?(): Promise<void>;
}

/** What keeps the cancellations of one store together, so that closing it can wait for them. */
export interface Cancellations {
  /**
   * Runs a statement. When `signal` aborts, rejects at once with an AbortError whose cause is the signal's reason, and sees to
   * it that the engine stops too. Rejects with the statement's own error otherwise.
   */
  run<T>(statement: Stoppable<T>): Promise<T>;
  /** Resolves when no statement is being stopped any more. */
  settled(): Promise<void>;
}

const stopAgainMs = 50;

export const createCancellations = (): Cancellations => {
  const stopping = new Set<Promise<void>>();
  return {
    run: async (statement) => {
      const { signal } = statement;
      if (signal.aborted) throw abortError(signal);
      const gone = new AbortController();
      const id = randomUUID();
      const running = statement.start(id, gone.signal);
      const ended = running.then(
        () => true,
        () => true,
      );
      const stopUntilGone = async (): Promise<void> => {
        let isOver = false;
        while (!isOver) {
          // One that fails is repeated, or else the closed connection tells the server.
          await statement.stop(id).catch(() => undefined);
          isOver = !statement.settlesWithEngine || (await Promise.race([ended, delay(stopAgainMs, false)]));
        }
        gone.abort();
        await statement.release?.().catch(() => undefined);
      };
      return await new Promise((resolve, reject) => {
        const onAbort = (): void => {
          reject(abortError(signal));
          const work = stopUntilGone().finally(() => stopping.delete(work));
          stopping.add(work);
        };
        signal.addEventListener('abort', onAbort, { once: true });
        running.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
      });
    },
    settled: async () => {
      while (stopping.size > 0) await Promise.all(stopping);
    },
  };
};

const abortError = (signal: AbortSignal): Error =>
  Object.assign(new Error('The query was cancelled', { cause: signal.reason }), { name: 'AbortError' });

/**
 * Settings with which a server itself notices that nobody waits for a statement. It looks only in read-only sessions;
 * 2 still lets a query bring its own settings.
 */
export const noticeClosedConnection: Readonly<Record<string, string>> = {
  readonly: '2',
  cancel_http_readonly_queries_on_client_close: '1',
};

/** Stops a statement of a server by its query id. */
export const killById = (id: string): string => `KILL QUERY WHERE query_id = '${id}' ASYNC`;

/** chDB takes no query id and drops comments, but shows a running statement's settings: its `log_comment` carries the id. */
export const markedName = (name: string, id: string): string => `${name}#${id}`;

/** A connection beside the busy one, opened when first needed, to stop what was given `log_comment` = `markedName`. */
export const openKiller = (open: () => ChdbConnection) => {
  let connection: ChdbConnection | undefined;
  return {
    kill: async (id: string): Promise<void> => {
      connection ??= open();
      // Without parameters: chDB runs statements with parameters one after the other, this one would wait for its victim.
      await connection.chdb.queryAsync(`KILL QUERY WHERE endsWith(Settings['log_comment'], '#${id}') ASYNC`);
    },
    close: async (): Promise<void> => connection?.close(),
  };
};
