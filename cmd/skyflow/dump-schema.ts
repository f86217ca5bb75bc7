import { dumpSchema as dumpClickHouse } from '#pkg/clickhouse/dump-schema.ts';
import { openThrowaway as openClickHouse } from '#pkg/clickhouse/throwaway.ts';
import { dumpSchema as dumpPostgres } from '#pkg/postgres/dump-schema.ts';
import { openThrowaway as openPostgres } from '#pkg/postgres/throwaway.ts';
import { readMigrations } from '#pkg/migrate/migration-files.ts';
import { migrateUp } from '#pkg/migrate/runner.ts';
import { postgresMigrationStore } from '#pkg/postgres/migration-store.ts';
import type { Logger } from '#pkg/runtime/log.ts';
import { type MigratedStore, migrationsDir } from './migrations.ts';

/** The schema that the migrations make in an empty store, as text. */
export const dumpers: Readonly<Record<MigratedStore, (log: Logger) => Promise<string>>> = {
  clickhouse: async (log) => {
    await using throwaway = await openClickHouse({ log });
    return await dumpClickHouse(throwaway.store);
  },
  postgres: async (log) => {
    await using throwaway = await openPostgres({ log });
    const migrations = await readMigrations(migrationsDir('postgres'));
    await migrateUp({ store: postgresMigrationStore(throwaway.postgres), migrations, log });
    return await dumpPostgres(throwaway.postgres);
  },
};
