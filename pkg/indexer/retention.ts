import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import { defineQuery } from '#pkg/clickhouse/query.ts';
import type { Logger } from '#pkg/runtime/log.ts';

const engineOf = defineQuery<Record<string, never>, { engine_full: string }>({
  name: 'raw_retention',
  sql: "SELECT engine_full FROM system.tables WHERE database = currentDatabase() AND name = 'repo_records'",
});

/** ClickHouse writes `INTERVAL 30 DAY` back as `toIntervalDay(30)`. */
const ttlPattern = /TTL stored_at \+ toInterval(Second|Day)\((\d+)\)/;

/**
 * Makes raw records stay for `retentionMs` (Infinity: for ever), rounded to whole seconds. Changes the table only where it
 * says otherwise, because ClickHouse then looks at all of it again.
 */
export const applyRawRetention = async (store: ClickHouse, retentionMs: number, log: Logger): Promise<void> => {
  const [table] = await store.query(engineOf, {});
  if (table === undefined) return;
  const wantedSeconds = Number.isFinite(retentionMs) ? Math.max(1, Math.round(retentionMs / 1000)) : undefined;
  const currentSeconds = secondsOf(table.engine_full);
  if (currentSeconds === wantedSeconds) return;
  await store.command(
    wantedSeconds === undefined
      ? 'ALTER TABLE repo_records REMOVE TTL'
      : `ALTER TABLE repo_records MODIFY TTL stored_at + INTERVAL ${wantedSeconds} SECOND`,
  );
  log.info({ seconds: wantedSeconds ?? 'forever' }, 'raw records are now kept for this long');
};

const secondsOf = (engine: string): number | undefined => {
  const [, unit, amount] = ttlPattern.exec(engine) ?? [];
  return amount === undefined ? undefined : Number(amount) * (unit === 'Day' ? 86_400 : 1);
};
