import { readMigrations } from '#pkg/migrate/migration-files.ts';
import { migrateUp } from '#pkg/migrate/runner.ts';
import type { Postgres } from '#pkg/postgres/client.ts';
import { postgresMigrationStore } from '#pkg/postgres/migration-store.ts';
import { openThrowaway, type ThrowawayPostgres } from '#pkg/postgres/throwaway.ts';
import { createLogger } from '#pkg/runtime/log.ts';

const log = createLogger({ level: 'silent' });

/** A Postgres with our tables, for one test file. */
export async function openRuleStore(): Promise<ThrowawayPostgres> {
  const throwaway = await openThrowaway({ url: process.env['DATABASE_URL'] || undefined, log });
  const dir = new URL('../../../migrations/postgres/', import.meta.url).pathname;
  await migrateUp({ store: postgresMigrationStore(throwaway.postgres), migrations: await readMigrations(dir), log });
  return throwaway;
}

/** Leaves no rules and no keys. */
export async function emptyRules(postgres: Postgres): Promise<void> {
  await postgres.script('TRUNCATE feed_members, feed_bans, feed_publications, api_keys');
}
