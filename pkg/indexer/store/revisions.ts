import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import { defineQuery } from '#pkg/clickhouse/query.ts';
import type { RevisionFilter } from '../batch/revision-filter.ts';

const revisionKeys = defineQuery<{ part: number; parts: number }, { actor_id: string; tid: string }>({
  name: 'revision_keys',
  sql: 'SELECT actor_id, tid FROM record_revisions WHERE cityHash64(actor_id) % {parts:UInt32} = {part:UInt32}',
  settings: { max_execution_time: 600, max_result_rows: 0 },
});

const revisionCount = defineQuery<Record<string, never>, { rows: string }>({
  name: 'revision_count',
  sql: 'SELECT count() AS rows FROM record_revisions',
});

const rowsPerPart = 500_000;

/** Teaches the filter every record that was ever updated or deleted, in parts of bounded size. */
export const loadRevisions = async (store: ClickHouse, filter: RevisionFilter): Promise<void> => {
  const [total] = await store.query(revisionCount, {});
  const parts = Math.max(1, Math.ceil(Number(total?.rows ?? 0) / rowsPerPart));
  for (let part = 0; part < parts; part += 1) {
    for (const row of await store.query(revisionKeys, { part, parts }))
      filter.add(BigInt(row.actor_id), BigInt(row.tid));
  }
};
