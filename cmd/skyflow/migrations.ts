import { fileURLToPath } from 'node:url';
import { clickHousePlan } from '#pkg/clickhouse/migrate.ts';
import { readMigrations } from '#pkg/migrate/migration-files.ts';
import { type MigrateOptions, migrateUp } from '#pkg/migrate/runner.ts';
import { postgresMigrationStore } from '#pkg/postgres/migration-store.ts';
import type { Logger } from '#pkg/runtime/log.ts';
import type { Stores } from './compose.ts';

/** The stores that have migrations, in the order in which they are brought up to date. */
export const migratedStores = ['clickhouse', 'postgres'] as const;

export type MigratedStore = (typeof migratedStores)[number];

/** The folder of a store's migrations, with a slash at the end. */
export const migrationsDir = (store: MigratedStore): string =>
  fileURLToPath(new URL(`../../migrations/${store}/`, import.meta.url));

/** What the runner needs for one store; opens that store and no other. */
export const planFor = async (name: MigratedStore, stores: Stores, log: Logger): Promise<MigrateOptions> => {
  if (name === 'clickhouse') return clickHousePlan(await stores.clickhouse(), log);
  return {
    store: postgresMigrationStore(await stores.postgres()),
    migrations: await readMigrations(migrationsDir('postgres')),
    log,
  };
};

/** Brings stores to the newest schema; harmless when they have it. */
export const migrateAll = async (stores: Stores, names: readonly MigratedStore[], log: Logger): Promise<void> => {
  for (const name of names) await migrateUp(await planFor(name, stores, log));
};
