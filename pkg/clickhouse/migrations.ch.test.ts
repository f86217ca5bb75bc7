import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import { dumpSchema } from '#pkg/clickhouse/dump-schema.ts';
import { clickHouseMigrationsDir, clickHousePlan, migrateClickHouse } from '#pkg/clickhouse/migrate.ts';
import { type LockTimes, withMigrationLock } from '#pkg/clickhouse/migration-lock.ts';
import { clickHouseMigrationStore, StatementFailedError } from '#pkg/clickhouse/migration-store.ts';
import { openThrowaway, type ThrowawayClickHouse } from '#pkg/clickhouse/throwaway.ts';
import { checksumOf, type Migration } from '#pkg/migrate/migration-files.ts';
import { MigrationFailedError, migrateDown, migrateUp, schemaVersion } from '#pkg/migrate/runner.ts';
import { UserError } from '#pkg/runtime/errors.ts';
import { createLogger } from '#pkg/runtime/log.ts';
import { startClickHouseServer, type ClickHouseServer } from '#testing/clickhouse-server/start.ts';
import { select } from '#testing/answers/select.ts';

const log = createLogger({ level: 'silent' });
const given = process.env['CLICKHOUSE_URL'] === '' ? undefined : process.env['CLICKHOUSE_URL'];

let folder: string;
let server: ClickHouseServer | undefined;
let url: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'skyflow-migrations-'));
  server = given === undefined ? await startClickHouseServer({ path: join(folder, 'server') }) : undefined;
  url = given ?? server?.url ?? '';
});
afterAll(async () => {
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

const made = (version: number, upSql: string, downSql = 'SELECT 1'): Migration => ({
  version,
  name: `step${version}`,
  upSql,
  downSql,
  checksum: checksumOf(upSql),
  upPath: `000${version}_step${version}.up.sql`,
});

const tableNames = async (store: ClickHouse): Promise<string[]> => {
  const rows = await select<{ name: string }>(
    store,
    `SELECT name FROM system.tables WHERE database = currentDatabase() AND name NOT LIKE 'schema_migrations%' ORDER BY name`,
  );
  return rows.map((row) => row.name);
};

const bookkeeping = async (store: ClickHouse): Promise<string[]> => {
  const rows = await select<{ name: string }>(
    store,
    `SELECT name FROM system.tables WHERE database = currentDatabase() AND name LIKE 'schema_migrations%' ORDER BY name`,
  );
  return rows.map((row) => row.name);
};

const caught = async (work: Promise<unknown>): Promise<unknown> => {
  try {
    await work;
  } catch (error) {
    return error;
  }
  throw new Error('it did not fail');
};

describe.each(['embedded', 'server'] as const)('the migrations, %s', (where) => {
  let throwaway: ThrowawayClickHouse;
  let store: ClickHouse;
  beforeEach(async () => {
    throwaway = await openThrowaway({ url: where === 'server' ? url : undefined, log, migrated: false });
    store = throwaway.store;
    return () => throwaway[Symbol.asyncDispose]();
  });

  test('make exactly the committed schema.sql; down undoes all of it, and up makes it again', async () => {
    const empty = await dumpSchema(store);
    expect((await migrateClickHouse(store, log)).length).toBeGreaterThan(7);
    const full = await dumpSchema(store);
    const committed = await readFile(`${clickHouseMigrationsDir}schema.sql`, 'utf8');
    expect(full, 'run: skyflow migrate dump-schema --store clickhouse').toBe(committed);
    expect(await migrateClickHouse(store, log)).toEqual([]);
    await migrateDown({ ...(await clickHousePlan(store, log)), steps: 9999 });
    expect(await dumpSchema(store)).toBe(empty);
    expect(await tableNames(store)).toEqual([]);
    await migrateClickHouse(store, log);
    expect(await dumpSchema(store)).toBe(full);
  }, 120_000);

  test('every statement may run twice', async () => {
    const plan = await clickHousePlan(store, log);
    await migrateUp(plan);
    const full = await dumpSchema(store);
    await store.command('TRUNCATE TABLE schema_migrations SYNC');
    await migrateUp(plan);
    expect(await dumpSchema(store)).toBe(full);
    expect(await schemaVersion(plan)).toMatchObject({ current: plan.migrations.length, pending: [] });
  });

  test('one that fails half-way says which statement, and goes on there when the cause is gone', async () => {
    const sql = `CREATE TABLE a (x Int8) ENGINE = MergeTree ORDER BY x;
      INSERT INTO a VALUES (1);
      -- Needs a table that is not there yet.
      INSERT INTO a SELECT x FROM missing;
      INSERT INTO a VALUES (3)`;
    const options = { store: clickHouseMigrationStore(store, { log }), migrations: [made(1, sql)], log };
    const error = await caught(migrateUp(options));
    expect(error).toBeInstanceOf(MigrationFailedError);
    const cause = (error as Error).cause as StatementFailedError;
    expect(cause).toBeInstanceOf(StatementFailedError);
    expect(cause.message).toMatch(/^statement 3 of 4 \(INSERT INTO a SELECT x FROM missing\) was refused: /);
    expect(cause.hint).toMatch(/Statements 1 to 2 are in effect .* goes on with statement 3/);
    expect(await schemaVersion(options)).toMatchObject({ current: 0, pending: ['0001_step1'] });

    await store.command('CREATE TABLE missing (x Int8) ENGINE = MergeTree ORDER BY x');
    await store.command('INSERT INTO missing VALUES (2)');
    await migrateUp(options);
    expect(await select(store, 'SELECT x FROM a ORDER BY x')).toEqual([{ x: 1 }, { x: 2 }, { x: 3 }]);
    expect(await schemaVersion(options)).toMatchObject({ current: 1, pending: [] });
  });

  test('one that was cut off after its last statement is not run again; undone and redone it is run whole', async () => {
    const sql = 'CREATE TABLE IF NOT EXISTS a (x Int8) ENGINE = MergeTree ORDER BY x; INSERT INTO a VALUES (1)';
    const real = clickHouseMigrationStore(store, { log });
    const migrations = [made(1, sql, 'DROP TABLE a')];
    const cut = { ...real, record: () => Promise.reject(new Error('killed here')) };
    await caught(migrateUp({ store: cut, migrations, log }));
    await migrateUp({ store: real, migrations, log });
    expect(await select(store, 'SELECT x FROM a')).toEqual([{ x: 1 }]);
    await migrateDown({ store: real, migrations, log, steps: 1 });
    await migrateUp({ store: real, migrations, log });
    expect(await select(store, 'SELECT x FROM a')).toEqual([{ x: 1 }]);
  });

  test('an edited one that failed before starts over', async () => {
    const create = 'CREATE TABLE IF NOT EXISTS a (x Int8) ENGINE = MergeTree ORDER BY x;';
    const plan = (sql: string) => ({
      store: clickHouseMigrationStore(store, { log }),
      migrations: [made(1, sql)],
      log,
    });
    await caught(migrateUp(plan(`${create} INSERT INTO a SELECT nonsense`)));
    await migrateUp(plan(`${create} INSERT INTO a SELECT 5`));
    expect(await select(store, 'SELECT x FROM a')).toEqual([{ x: 5 }]);
  });

  test('an edited one that was applied is refused, by name', async () => {
    const plan = (sql: string) => ({
      store: clickHouseMigrationStore(store, { log }),
      migrations: [made(1, sql)],
      log,
    });
    await migrateUp(plan('SELECT 1'));
    const error = await caught(migrateUp(plan('SELECT 2')));
    expect(error).toBeInstanceOf(UserError);
    expect((error as UserError).message).toBe('0001_step1.up.sql was edited after clickhouse had applied it.');
  });

  test('four that start at once apply each migration once', async () => {
    const others: ClickHouse[] = [];
    for (let n = 0; n < 3; n += 1) others.push((await throwaway.openAgain?.()) ?? store);
    const migrations = [1, 2, 3].map((n) =>
      made(n, `CREATE TABLE t${n} (x Int8) ENGINE = MergeTree ORDER BY x; INSERT INTO t${n} VALUES (${n})`),
    );
    const times = { pollMs: 5 };
    const run = (each: ClickHouse) =>
      migrateUp({ store: clickHouseMigrationStore(each, { log, times }), migrations, log });
    const applied = await Promise.all([store, ...others].map(run));
    expect(applied.map((list) => list.length).toSorted((a, b) => a - b)).toEqual([0, 0, 0, 3]);
    for (const n of [1, 2, 3]) expect(await select(store, `SELECT x FROM t${n}`)).toEqual([{ x: n }]);
    expect(await bookkeeping(store)).toEqual(['schema_migrations', 'schema_migrations_progress']);
    if (throwaway.openAgain !== undefined) for (const each of others) await each.close();
  });
});

describe('the lock on a server', () => {
  let throwaway: ThrowawayClickHouse;
  let store: ClickHouse;
  beforeEach(async () => {
    throwaway = await openThrowaway({ url, log, migrated: false });
    store = throwaway.store;
    return () => throwaway[Symbol.asyncDispose]();
  });
  const quick: LockTimes = { leaseMs: 60_000, beatMs: 20, pollMs: 10, waitMs: 60_000 };
  const withLock = <T>(times: Partial<LockTimes>, fn: Parameters<typeof withMigrationLock<T>>[2]): Promise<T> =>
    withMigrationLock(store, { log, times: { ...quick, ...times } }, fn);
  /** A lock whose holder died so long ago. */
  const leaveDead = (owner: string, agoMs: number): Promise<void> =>
    store.command(
      `CREATE TABLE schema_migrations_lock (owner String, at DateTime64(3) DEFAULT now64(3)) ENGINE = MergeTree ORDER BY at
       COMMENT '${owner} ${Date.now() - agoMs} elsewhere, process 7'`,
    );

  test('lets one in at a time, and leaves nothing behind', async () => {
    let inside = 0;
    let most = 0;
    const turns = Array.from({ length: 6 }, () =>
      withLock({}, async (lock) => {
        inside += 1;
        most = Math.max(most, inside);
        await lock.stillHeld();
        inside -= 1;
      }),
    );
    await Promise.all(turns);
    expect(most).toBe(1);
    expect(await bookkeeping(store)).toEqual([]);
  });

  test('is given up when the work fails', async () => {
    const boom = new Error('boom');
    expect(await caught(withLock({}, () => Promise.reject(boom)))).toBe(boom);
    expect(await withLock({}, () => Promise.resolve('free'))).toBe('free');
  });

  test('of a dead holder is taken over, by one of those who wait', async () => {
    await leaveDead('dead', 61_000);
    let inside = 0;
    const work = async (): Promise<number> => {
      inside += 1;
      expect(inside).toBe(1);
      await store.command('SELECT sleep(0.05)');
      return (inside -= 1);
    };
    expect(await Promise.all([withLock({}, work), withLock({}, work), withLock({}, work)])).toEqual([0, 0, 0]);
    expect(await bookkeeping(store)).toEqual(['schema_migrations_lock_broken_dead']);
  });

  test('whoever comes late to a dead holder cannot break the next one', async () => {
    await leaveDead('dead', 61_000);
    await withLock({}, async (lock) => {
      const error = await caught(
        store.command('RENAME TABLE schema_migrations_lock TO schema_migrations_lock_broken_dead'),
      );
      expect(error).toMatchObject({ code: '57' });
      await lock.stillHeld();
    });
  });

  test('of a living holder is respected: it shows life for as long as it works', async () => {
    await withLock({ leaseMs: 60_000 }, async (lock) => {
      await expect
        .poll(async () => (await select<{ n: string }>(store, 'SELECT count() AS n FROM schema_migrations_lock'))[0]?.n)
        .not.toBe('0');
      const error = await caught(withLock({ waitMs: 30 }, () => Promise.resolve()));
      expect(error).toBeInstanceOf(UserError);
      expect((error as UserError).message).toMatch(new RegExp(`process ${process.pid}\\) has been migrating`));
      await lock.stillHeld();
    });
  });

  test('is noticed when lost: the next statement does not run', async () => {
    const error = await caught(
      withLock({ beatMs: 60_000 }, async (lock) => {
        await store.command('RENAME TABLE schema_migrations_lock TO schema_migrations_lock_broken_me');
        await leaveDead('other', 0);
        await lock.stillHeld();
      }),
    );
    expect(error).toBeInstanceOf(UserError);
    expect(await bookkeeping(store)).toContain('schema_migrations_lock');
  });

  test('remains of broken locks go after an hour', async () => {
    await leaveDead('ancient', 3_700_000);
    await withLock({}, () => Promise.resolve());
    expect(await bookkeeping(store)).toEqual([]);
  });
});
