import { UserError } from '#pkg/runtime/errors.ts';
import { openEmbedded } from './embedded-client.ts';
import { checkIdentifier } from './identifier.ts';
import { defineQuery } from './query.ts';
import { openServer } from './server-client.ts';
import type { ClickHouse, ClickHouseLocation } from './store.ts';

export { LimitError, LIMITS, StatementError } from './limited.ts';
export type { Limit, LimitedStatement, StatementLimits } from './limited.ts';
export type { ClickHouse, ClickHouseLocation, QueryOptions } from './store.ts';

/** The oldest release whose features the schema uses (refreshable state aside, all were there in 25.3 LTS). */
const oldestVersion = [25, 3] as const;

/** Opens the database, creating it when it is not there. Throws a UserError for a server too old to be used. */
export const openClickHouse = async (location: ClickHouseLocation): Promise<ClickHouse> => {
  checkIdentifier(location.database);
  const store = location.url === undefined ? openEmbedded(location) : openServer(location, location.url);
  try {
    await store.command(`CREATE DATABASE IF NOT EXISTS ${location.database}`);
    await store.enterDatabase();
    await requireVersion(store);
  } catch (error) {
    await store.close();
    throw error;
  }
  return store;
};

const versionQuery = defineQuery<Record<string, never>, { version: string }>({
  name: 'version',
  sql: 'SELECT version() AS version',
});

const requireVersion = async (store: ClickHouse): Promise<void> => {
  const [row] = await store.query(versionQuery, {});
  const [major = 0, minor = 0] = (row?.version ?? '').split('.').map(Number);
  if (major > oldestVersion[0] || (major === oldestVersion[0] && minor >= oldestVersion[1])) return;
  throw new UserError(`ClickHouse ${row?.version ?? '(unknown version)'} is too old for Skyflow.`, {
    hint: `Use ClickHouse ${oldestVersion.join('.')} or newer, or unset CLICKHOUSE_URL to use the built-in engine.`,
  });
};
