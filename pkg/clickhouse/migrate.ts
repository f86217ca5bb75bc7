import { fileURLToPath } from 'node:url';
import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import { clickHouseMigrationStore } from '#pkg/clickhouse/migration-store.ts';
import { type Migration, readMigrations } from '#pkg/migrate/migration-files.ts';
import { type MigrateOptions, migrateUp } from '#pkg/migrate/runner.ts';
import type { Logger } from '#pkg/runtime/log.ts';

/** Where the numbered files and `schema.sql` are, with a slash at the end. */
export const clickHouseMigrationsDir = fileURLToPath(new URL('../../migrations/clickhouse/', import.meta.url));

/** What the runner of pkg/migrate needs for this database: `migrateDown({ ...(await clickHousePlan(store, log)), steps: 1 })`. */
export const clickHousePlan = async (store: ClickHouse, log: Logger): Promise<MigrateOptions> => ({
  store: clickHouseMigrationStore(store, { log }),
  migrations: await readMigrations(clickHouseMigrationsDir),
  log,
});

/** Applies what is pending and returns it. Safe to call at every start, and from several processes at once. */
export const migrateClickHouse = async (store: ClickHouse, log: Logger): Promise<Migration[]> =>
  migrateUp(await clickHousePlan(store, log));
