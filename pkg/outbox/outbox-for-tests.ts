import { readMigrations } from '#pkg/migrate/migration-files.ts';
import { migrateUp } from '#pkg/migrate/runner.ts';
import type { Postgres } from '#pkg/postgres/client.ts';
import { postgresMigrationStore } from '#pkg/postgres/migration-store.ts';
import { openThrowaway } from '#pkg/postgres/throwaway.ts';
import type { Service } from '#pkg/runtime/lifecycle.ts';
import { createLogger } from '#pkg/runtime/log.ts';

/** A Postgres of one test file, with all tables. */
export interface OutboxStore extends AsyncDisposable {
  readonly postgres: Postgres;
  /** A second connection, where Postgres is a server. */
  readonly openAgain: (() => Promise<Postgres>) | undefined;
}

/** Opens PGlite in a temporary folder (Postgres at DATABASE_URL where that is set). */
export async function openOutboxStore(): Promise<OutboxStore> {
  const log = createLogger({ level: 'silent' });
  const throwaway = await openThrowaway({ url: process.env['DATABASE_URL'] || undefined, log });
  const { postgres } = throwaway;
  const dir = new URL('../../migrations/postgres/', import.meta.url).pathname;
  await migrateUp({ store: postgresMigrationStore(postgres), migrations: await readMigrations(dir), log });
  return throwaway;
}

/** Runs services until disposed. */
export function running(services: readonly Service[]): AsyncDisposable {
  const stop = new AbortController();
  const runs = Promise.all(services.map((service) => service.run(stop.signal)));
  runs.catch(() => undefined);
  return {
    async [Symbol.asyncDispose]() {
      stop.abort();
      await runs;
    },
  };
}
