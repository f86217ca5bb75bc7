import { randomBytes } from 'node:crypto';
import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import { defineQuery } from '#pkg/clickhouse/query.ts';

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
