import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import { defineQuery, readSql } from '#pkg/clickhouse/query.ts';
import type { Clock } from '#pkg/runtime/clock.ts';
import type { Marks } from './marks.ts';

interface GoneRow {
  at_ms: string;
  actor_id: string;
  tid: string;
  version: string;
  gone: number;
}

const tailQuery = defineQuery<{ after_ms: number; rows: number }, GoneRow>({
  name: 'feed_gone',
  sql: readSql(import.meta.url, 'tail.sql'),
  // All rows of the largest insert have the same time.
  settings: { max_execution_time: 10, max_result_rows: 5_000_000, max_threads: 1 },
});

const statesQuery = defineQuery<{ ids: readonly bigint[] }, { id: string; newest: string; gone: number }>({
  name: 'feed_account_states',
  sql: readSql(import.meta.url, 'states.sql'),
  settings: { max_execution_time: 10, max_threads: 1 },
});

/** Rows can become visible later than ones with a later time, by as much as an insert takes; clocks differ by as much. */
export const overlapMs = 10_000;

const rowsAtOnce = 50_000;
const accountsAtOnce = 5_000;

/** The end of the table `gone`. */
export interface Tail {
  /**
   * Takes what was stored since the last time, and the last seconds before that again.
   * @returns whether the marks say anything else than before
   * @throws what ClickHouse threw; the next call begins where this one did not get to
   */
  read(signal: AbortSignal): Promise<boolean>;
}

/** @param fromMs the moment from which on everything is wanted, in milliseconds since 1970 */
export const openTail = (
  { store, clock, marks }: { readonly store: ClickHouse; readonly clock: Clock; readonly marks: Marks },
  fromMs: number,
): Tail => {
  let seenMs = fromMs;
  /**
   * A row about an account only tells to look: an old state may come again (a replay) when the account is back long since, and
   * a deleted post whose key is 0 looks the same.
   */
  const lookAtAccounts = async (rows: readonly GoneRow[], atMs: number, signal: AbortSignal): Promise<boolean> => {
    const isNews = ({ actor_id, version }: GoneRow): boolean =>
      BigInt(version) > (marks.accountVersion(BigInt(actor_id)) ?? -1n);
    const ids = [...new Set(rows.filter((row) => row.tid === '0' && isNews(row)).map((row) => BigInt(row.actor_id)))];
    let changed = false;
    for (let from = 0; from < ids.length; from += accountsAtOnce) {
      const part = ids.slice(from, from + accountsAtOnce);
      for (const { id, newest, gone } of await store.query(statesQuery, { ids: part }, { signal })) {
        const state = { actorId: BigInt(id), version: BigInt(newest), gone: gone === 1, atMs };
        changed = marks.takeAccount(state) || changed;
      }
    }
    return changed;
  };
  return {
    read: async (signal) => {
      let changed = false;
      let afterMs = Math.max(seenMs - overlapMs, marks.forgottenMs);
      for (let isMore = true; isMore;) {
        const rows = await store.query(tailQuery, { after_ms: afterMs, rows: rowsAtOnce }, { signal });
        afterMs = Number(rows.at(-1)?.at_ms ?? afterMs);
        changed = (await lookAtAccounts(rows, afterMs, signal)) || changed;
        for (const { at_ms, actor_id, tid, gone } of rows) {
          const isPost = gone === 1 && marks.takePost({ actorId: BigInt(actor_id), tid: BigInt(tid) }, Number(at_ms));
          changed = isPost || changed;
        }
        // A store whose clock is ahead must not make us wait until its time has come here.
        seenMs = Math.max(seenMs, Math.min(afterMs, clock.nowMs()));
        isMore = rows.length >= rowsAtOnce;
      }
      return changed;
    },
  };
};
