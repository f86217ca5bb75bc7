import { readSql } from '#pkg/clickhouse/query.ts';
import type { Postgres } from '#pkg/postgres/client.ts';
import { type Clock } from '#pkg/runtime/clock.ts';
import { isAbortError } from '#pkg/runtime/errors.ts';
import type { Service } from '#pkg/runtime/lifecycle.ts';
import type { Logger } from '#pkg/runtime/log.ts';
import { Gauge, type Registry } from '#pkg/runtime/metrics.ts';

const DAY_MS = 86_400_000;
/** As long as the stream that keeps its events longest (SUBSCRIPTION). */
export const AUDIT_KEEP_MS = 730 * DAY_MS;
/** As long as the stream DLQ, from the last time that anybody touched it. */
export const LETTER_KEEP_MS = 30 * DAY_MS;
const FORGET_BATCH = 1_000;
/** Between two batches: others want the one connection of the embedded Postgres too. */
const FORGET_PAUSE_MS = 100;
const FORGET_RETRY_MS = 600_000;
export const COUNT_EVERY_MS = 15_000;

const COUNT_OPEN = readSql(import.meta.url, 'sql/count-open.sql');
const FORGET_AUDIT = readSql(import.meta.url, 'sql/forget-audit.sql');
const FORGET_LETTERS = readSql(import.meta.url, 'sql/forget-dead-letters.sql');

/** What the services of upkeep need. */
export interface UpkeepParts {
  readonly postgres: Postgres;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Deletes what has been kept long enough, in small batches. Done twice at once it is harmless. */
export const forgetOld = async ({ postgres, clock }: UpkeepParts, signal: AbortSignal): Promise<number> => {
  let forgotten = 0;
  for (const [sql, keepMs] of [
    [FORGET_AUDIT, AUDIT_KEEP_MS],
    [FORGET_LETTERS, LETTER_KEEP_MS],
  ] as const) {
    const before = new Date(clock.nowMs() - keepMs);
    for (;;) {
      const { rows } = await postgres.query(sql, [before, FORGET_BATCH]);
      forgotten += rows.length;
      if (rows.length < FORGET_BATCH) break;
      await clock.sleep(FORGET_PAUSE_MS, signal);
    }
  }
  return forgotten;
};

/** Once a day: deletes what has been kept long enough. */
export const retention = (parts: UpkeepParts): Service => ({
  name: 'audit retention',
  run: (signal) =>
    repeat(parts, signal, async () => {
      try {
        const forgotten = await forgetOld(parts, signal);
        if (forgotten > 0) parts.log.info({ forgotten }, 'old rows of the audit log and of dead letters are deleted');
        return DAY_MS;
      } catch (error) {
        if (signal.aborted) throw error;
        parts.log.warn({ err: error }, 'old rows of the audit log could not be deleted; trying again in ten minutes');
        return FORGET_RETRY_MS;
      }
    }),
});

/** Each 15 s: counts the dead letters that nobody has replayed yet, for `dlq_events_count`. */
export const letterCount = (parts: UpkeepParts, registry: Registry): Service => {
  const gauge = new Gauge({
    name: 'dlq_events_count',
    help: 'Dead letters that were not replayed yet.',
    registers: [registry],
  });
  let isAway = false;
  return {
    name: 'count of dead letters',
    run: (signal) =>
      repeat(parts, signal, async () => {
        try {
          const { rows } = await parts.postgres.query<{ count: number }>(COUNT_OPEN);
          gauge.set(rows[0]?.count ?? 0);
          isAway = false;
        } catch (error) {
          if (signal.aborted) throw error;
          if (!isAway) parts.log.warn({ err: error }, 'dead letters cannot be counted; the last figure stays');
          isAway = true;
        }
        return COUNT_EVERY_MS;
      }),
  };
};

/** Does `work` again and again; it says after how long. */
const repeat = async ({ clock }: UpkeepParts, signal: AbortSignal, work: () => Promise<number>): Promise<void> => {
  try {
    while (!signal.aborted) await clock.sleep(await work(), signal);
  } catch (error) {
    if (!signal.aborted || !isAbortError(error)) throw error;
  }
};
