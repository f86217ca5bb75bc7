import { UserError } from '#pkg/runtime/errors.ts';
import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import { type HeldLock, type MigrationLockOptions, withMigrationLock } from '#pkg/clickhouse/migration-lock.ts';
import { defineQuery } from '#pkg/clickhouse/query.ts';
import { checksumOf } from '#pkg/migrate/migration-files.ts';
import type { AppliedMigration, MigrationStore } from '#pkg/migrate/runner.ts';
import { splitStatements } from '#pkg/migrate/statements.ts';

const bookkeeping = [
  `CREATE TABLE IF NOT EXISTS schema_migrations
  (
    version UInt32,
    name String,
    checksum String,
    applied UInt8,
    -- Orders the rows of one version without trusting a clock.
    revision UInt64,
    at DateTime DEFAULT now()
  )
  ENGINE = ReplacingMergeTree(revision)
  ORDER BY version`,
  // How far a file came whose end was not reached.
  `CREATE TABLE IF NOT EXISTS schema_migrations_progress
  (
    checksum String,
    statement UInt32,
    revision UInt64,
    at DateTime DEFAULT now()
  )
  ENGINE = ReplacingMergeTree(revision)
  ORDER BY checksum`,
];

const appliedQuery = defineQuery<Record<string, never>, AppliedMigration>({
  name: 'migrations_applied',
  sql: 'SELECT version, name, checksum FROM schema_migrations FINAL WHERE applied = 1 ORDER BY version',
});

/**
 * The statement that a file had reached. One counter numbers the rows of both tables, so that whatever was recorded or
 * removed later makes older progress void, without a second write that a crash could prevent.
 */
const progressQuery = defineQuery<{ checksum: string }, { statement: number }>({
  name: 'migration_progress',
  sql: `SELECT statement FROM schema_migrations_progress FINAL
    WHERE checksum = {checksum:String} AND revision > (SELECT max(revision) FROM schema_migrations)`,
});

const nextRevision = `(SELECT max(revision) + 1 FROM (SELECT revision FROM schema_migrations UNION ALL SELECT revision FROM schema_migrations_progress))`;

const insertMigration = `INSERT INTO schema_migrations (version, name, checksum, applied, revision)
  SELECT {version:UInt32}, {name:String}, {checksum:String}, {applied:UInt8}, ${nextRevision}`;

const insertProgress = `INSERT INTO schema_migrations_progress (checksum, statement, revision)
  SELECT {checksum:String}, {statement:UInt32}, ${nextRevision}`;

/** The embedded engine is alone with its folder (the data folder's lock sees to that): only this process can collide with itself. */
let embeddedTurn: Promise<unknown> = Promise.resolve();

/**
 * Migrations of a ClickHouse. It cannot undo schema changes, so what a file has done so far is remembered statement by
 * statement: a file that failed or was cut off half-way goes on, unchanged, with the statement that it had reached. An edited
 * file starts over, which is why statements are written to be repeatable (IF NOT EXISTS).
 */
export const clickHouseMigrationStore = (store: ClickHouse, options: MigrationLockOptions): MigrationStore => {
  let held: HeldLock | undefined;
  const inside = async <T>(lock: HeldLock, fn: () => Promise<T>): Promise<T> => {
    held = lock;
    try {
      return await fn();
    } finally {
      held = undefined;
    }
  };
  const stillHeld = (): Promise<void> => {
    if (held === undefined) throw new Error('the ClickHouse migration store was used outside of its lock');
    return held.stillHeld();
  };
  return {
    name: 'clickhouse',
    lock: (fn) => {
      if (!store.embedded) return withMigrationLock(store, options, (lock) => inside(lock, fn));
      const turn = embeddedTurn.then(() => inside({ stillHeld: () => Promise.resolve() }, fn));
      embeddedTurn = turn.catch(() => {});
      return turn;
    },
    applied: async () => {
      await stillHeld();
      for (const sql of bookkeeping) await store.command(sql);
      return await store.query(appliedQuery, {});
    },
    record: async ({ version, name, checksum }) => {
      await stillHeld();
      await store.command(insertMigration, { version, name, checksum, applied: 1 });
    },
    remove: async (version) => {
      await stillHeld();
      await store.command(insertMigration, { version, name: '', checksum: '', applied: 0 });
    },
    execute: async (sql) => {
      await executeFile(store, sql, { stillHeld, log: options.log });
    },
  };
};

const executeFile = async (
  store: ClickHouse,
  sql: string,
  { stillHeld, log }: { stillHeld: () => Promise<void>; log: MigrationLockOptions['log'] },
): Promise<void> => {
  const statements = splitStatements(sql);
  const checksum = checksumOf(sql);
  const [reached] = await store.query(progressQuery, { checksum });
  const first = reached?.statement ?? 1;
  if (reached !== undefined) {
    log.warn(
      { statement: first, statements: statements.length, sql: opening(statements[first - 1] ?? '') },
      'this migration stopped half-way the last time: going on with the statement it had reached',
    );
  }
  for (let number = first; number <= statements.length; number += 1) {
    const statement = statements[number - 1] as string;
    await stillHeld();
    await store.command(insertProgress, { checksum, statement: number });
    try {
      await store.command(statement);
    } catch (cause) {
      throw new StatementFailedError({ number, of: statements.length, sql: statement }, cause);
    }
  }
  await store.command(insertProgress, { checksum, statement: statements.length + 1 });
};

/** The first code line of a statement. */
const opening = (statement: string): string =>
  (statement.split('\n').find((line) => line.trim() !== '' && !line.trim().startsWith('--')) ?? '')
    .trim()
    .slice(0, 100);

/** One statement of a migration was refused; those before it in the file stay in effect. `cause` is ClickHouse's own error. */
export class StatementFailedError extends UserError {
  constructor(statement: { number: number; of: number; sql: string }, cause: unknown) {
    const { number, of, sql } = statement;
    const why = cause instanceof Error ? cause.message : String(cause);
    super(`statement ${number} of ${of} (${opening(sql)}) was refused: ${why}`, {
      hint:
        number === 1
          ? 'Nothing of this file is in effect. Remove the cause and run the migration again.'
          : `Statements 1 to ${number - 1} are in effect and are not undone: remove the cause and run the migration again, it goes on with statement ${number}.`,
      cause,
    });
  }
}
