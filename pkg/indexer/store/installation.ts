import { randomBytes } from 'node:crypto';
import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import { defineQuery } from '#pkg/clickhouse/query.ts';
import type { RevisionFilter } from '../batch/revision-filter.ts';

const saltQuery = defineQuery<Record<string, never>, { value: string }>({
  name: 'installation_salt',
  // The oldest wins, so that two processes that both found none agree afterwards.
  sql: "SELECT value FROM installation WHERE name = 'actor_salt' ORDER BY created_at, value LIMIT 1",
});

/** The salt of every id in this database (see pkg/clickhouse/keys.ts); made at the first start. */
export const loadSalt = async (store: ClickHouse): Promise<string> => {
  const [found] = await store.query(saltQuery, {});
  if (found !== undefined) return found.value;
  await store.command("INSERT INTO installation (name, value) SELECT 'actor_salt', {salt:String}", {
    salt: randomBytes(16).toString('hex'),
  });
  const [made] = await store.query(saltQuery, {});
  if (made === undefined) throw new Error('the installation salt was written but cannot be read');
  return made.value;
};

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
