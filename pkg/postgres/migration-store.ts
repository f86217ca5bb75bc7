import type { AppliedMigration, MigrationStore } from '#pkg/migrate/runner.ts';
import type { Postgres, Querier } from '#pkg/postgres/postgres.ts';

/** Any number, the same for every Skyflow that shares a database. */
const LOCK_KEY = 7_310_588_214;

/**
 * Migrations of a Postgres. The lock is one transaction that holds a transaction-scoped advisory lock: whoever comes second
 * waits, and a crash or a failing statement leaves no trace of any migration of that run. (A session-scoped lock would not
 * work behind a pooler, nor keep out a second migration on the one connection of the embedded Postgres.)
 */
export function postgresMigrationStore(postgres: Postgres): MigrationStore {
  let current: Querier | undefined;
  const tx = (): Querier => {
    if (current === undefined) throw new Error('the Postgres migration store was used outside of its lock');
    return current;
  };
  return {
    name: 'postgres',
    lock: (fn) =>
      postgres.transaction(async (querier) => {
        await querier.query('SELECT pg_advisory_xact_lock($1::bigint)', [LOCK_KEY]);
        current = querier;
        try {
          return await fn();
        } finally {
          current = undefined;
        }
      }),
    async applied() {
      await tx().script(`CREATE TABLE IF NOT EXISTS schema_migrations (
        version integer PRIMARY KEY,
        name text NOT NULL,
        checksum text NOT NULL,
        applied_at timestamptz NOT NULL DEFAULT now()
      )`);
      const { rows } = await tx().query<AppliedMigration>(
        'SELECT version, name, checksum FROM schema_migrations ORDER BY version',
      );
      return rows;
    },
    async record({ version, name, checksum }) {
      await tx().query('INSERT INTO schema_migrations (version, name, checksum) VALUES ($1, $2, $3)', [
        version,
        name,
        checksum,
      ]);
    },
    async remove(version) {
      await tx().query('DELETE FROM schema_migrations WHERE version = $1', [version]);
    },
    execute: (sql) => tx().script(sql),
  };
}
