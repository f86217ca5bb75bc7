import { UserError } from '#pkg/runtime/errors.ts';
import type { Logger } from '#pkg/runtime/log.ts';
import type { Migration } from '#pkg/migrate/migration-files.ts';

/** What a store remembers of a migration that was applied. */
export interface AppliedMigration {
  version: number;
  name: string;
  checksum: string;
}

/**
 * A store as the runner sees it. All methods are called inside `lock` only. A store whose schema changes are transactional
 * makes `lock` one transaction, so that all pending migrations are applied or none. A store without that relies on
 * migrations that can be repeated (IF NOT EXISTS): a crash between `execute` and `record` runs the same one again.
 */
export interface MigrationStore {
  /** `clickhouse`, `postgres`: for messages. */
  readonly name: string;
  /** Runs `fn` while no other process migrates this store. Waits for its turn, within bounds. */
  lock<T>(fn: () => Promise<T>): Promise<T>;
  /** What was applied, by version; makes its own bookkeeping table first if it is missing. */
  applied(): Promise<AppliedMigration[]>;
  record(migration: AppliedMigration): Promise<void>;
  remove(version: number): Promise<void>;
  /** Runs all statements of one file, in order. */
  execute(sql: string): Promise<void>;
}

export interface SchemaVersion {
  /** The newest applied migration; 0 for an empty store. */
  current: number;
  /** The newest one there is. */
  latest: number;
  pending: string[];
}

export interface MigrateOptions {
  store: MigrationStore;
  migrations: readonly Migration[];
  log: Logger;
}

/** Applies what is pending, in order, and returns it. Applying nothing is the normal case. */
export async function migrateUp(options: MigrateOptions): Promise<Migration[]> {
  const { store, migrations, log } = options;
  return store.lock(async () => {
    const pending = migrations.slice((await checkHistory(options)).length);
    for (const migration of pending) {
      await attempt(store, migration, migration.upSql);
      const { version, name, checksum } = migration;
      await store.record({ version, name, checksum });
      log.info({ store: store.name, version, name }, 'migration applied');
    }
    return pending;
  });
}

/** Undoes the newest `steps` applied migrations, newest first, and returns them. */
export async function migrateDown(options: MigrateOptions & { steps: number }): Promise<Migration[]> {
  const { store, migrations, log, steps } = options;
  return store.lock(async () => {
    const count = (await checkHistory(options)).length;
    const undone = migrations.slice(Math.max(0, count - steps), count).toReversed();
    for (const migration of undone) {
      await attempt(store, migration, migration.downSql);
      await store.remove(migration.version);
      log.info({ store: store.name, version: migration.version, name: migration.name }, 'migration undone');
    }
    return undone;
  });
}

/** Where the store stands. Changes nothing but the bookkeeping table, if that is missing. */
export async function schemaVersion(options: MigrateOptions): Promise<SchemaVersion> {
  const { store, migrations } = options;
  const count = await store.lock(async () => (await checkHistory(options)).length);
  return { current: count, latest: migrations.length, pending: migrations.slice(count).map(label) };
}

/** Compares the store's history with the files; any difference is a UserError that names the file. */
async function checkHistory({ store, migrations }: MigrateOptions): Promise<AppliedMigration[]> {
  const applied = (await store.applied()).toSorted((a, b) => a.version - b.version);
  for (const [index, entry] of applied.entries()) {
    const file = migrations[index];
    if (file === undefined) {
      throw new UserError(`${store.name} has migration ${label(entry)}, which this version of Skyflow does not know.`, {
        hint: 'The store was used by a newer version: update Skyflow, or undo the migration with that version first.',
      });
    }
    if (entry.version !== file.version || entry.name !== file.name) {
      throw new UserError(`${store.name} was migrated with ${label(entry)}, where this version has ${file.upPath}.`, {
        hint: 'Applied migrations must not be renamed, renumbered or removed: put the file back.',
      });
    }
    if (entry.checksum !== file.checksum) {
      throw new UserError(`${file.upPath} was edited after ${store.name} had applied it.`, {
        hint: 'Put it back as it was, and make the change in a new migration (skyflow migrate create).',
      });
    }
  }
  return applied;
}

/** A failing statement is the store's error, with the file's name in front of it. */
async function attempt(store: MigrationStore, migration: Migration, sql: string): Promise<void> {
  try {
    await store.execute(sql);
  } catch (cause) {
    throw new MigrationFailedError(store.name, migration, cause);
  }
}

/** A migration's SQL was refused by the store. `cause` is the store's own error. */
export class MigrationFailedError extends Error {
  override readonly name = 'MigrationFailedError';
  readonly version: number;
  constructor(store: string, migration: Migration, cause: unknown) {
    super(`${store}: migration ${label(migration)} failed: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
    this.version = migration.version;
  }
}

function label(migration: { version: number; name: string }): string {
  return `${String(migration.version).padStart(4, '0')}_${migration.name}`;
}
