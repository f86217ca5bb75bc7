import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { readMigrations } from '#pkg/migrate/migration-files.ts';
import { migrateDown, migrateUp, schemaVersion } from '#pkg/migrate/runner.ts';
import { openPostgres, type Postgres } from '#pkg/postgres/client.ts';
import { dumpSchema } from '#pkg/postgres/dump-schema.ts';
import { postgresMigrationStore } from '#pkg/postgres/migration-store.ts';
import { openThrowaway, type ThrowawayPostgres } from '#pkg/postgres/throwaway.ts';
import { errorCode } from '#pkg/runtime/errors.ts';
import { createLogger } from '#pkg/runtime/log.ts';

const log = createLogger({ level: 'silent' });
const url = process.env['DATABASE_URL'] === '' ? undefined : process.env['DATABASE_URL'];
const dir = new URL('../../migrations/postgres/', import.meta.url).pathname;

let throwaway: ThrowawayPostgres;
let postgres: Postgres;
beforeAll(async () => {
  throwaway = await openThrowaway({ url, log });
  postgres = throwaway.postgres;
});
afterAll(async () => {
  await throwaway[Symbol.asyncDispose]();
});

describe('the client', () => {
  beforeEach(() => postgres.script('DROP TABLE IF EXISTS t; CREATE TABLE t (id int PRIMARY KEY, word text)'));

  test('types come out alike, embedded or remote', async () => {
    const { rows } =
      await postgres.query(`SELECT 42::int8 AS int8, ARRAY[1, NULL]::int8[] AS int8s, '{}'::int8[] AS none,
      1.50::numeric AS num, DATE '2026-02-28' AS day, TIMESTAMPTZ '2026-02-28 12:00:00+02' AS moment, true AS yes,
      '{"a": [1]}'::jsonb AS json, '\\x00ff'::bytea AS bytes, NULL::text AS nothing, ARRAY['a', 'b'] AS words, 1.5::float8 AS float`);
    const { bytes, ...rest } = rows[0] ?? {};
    expect(rest).toEqual({
      int8: 42,
      int8s: [1, null],
      none: [],
      num: '1.50',
      day: '2026-02-28',
      moment: new Date('2026-02-28T10:00:00Z'),
      yes: true,
      json: { a: [1] },
      nothing: null,
      words: ['a', 'b'],
      float: 1.5,
    });
    expect([...(bytes as Uint8Array)]).toEqual([0, 255]);
  });

  test('parameters go in alike', async () => {
    const when = new Date('2026-01-02T03:04:05.678Z');
    const { rows } = await postgres.query(
      'SELECT $1::text AS a, $2::int8 AS b, $3::timestamptz AS c, $4::jsonb AS d, $5::text[] AS e, $6::bool AS f, $7::bytea AS g',
      ["it's", 2 ** 40, when, JSON.stringify([{ x: 1 }]), ['p', 'q"r'], null, Uint8Array.of(1, 2)],
    );
    expect(rows[0]).toMatchObject({ a: "it's", b: 2 ** 40, c: when, d: [{ x: 1 }], e: ['p', 'q"r'], f: null });
    expect([...((rows[0]?.['g'] ?? []) as Uint8Array)]).toEqual([1, 2]);
  });

  test('an int8 that no number can hold is refused, not rounded', async () => {
    await expect(postgres.query('SELECT 9007199254740993::int8')).rejects.toBeInstanceOf(RangeError);
    expect((await postgres.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
  });

  test('errors carry their SQLSTATE', async () => {
    const error: unknown = await postgres.query('SELECT * FROM nowhere').catch((thrown: unknown) => thrown);
    expect(errorCode(error)).toBe('42P01');
  });

  test('a transaction commits if it resolves and leaves nothing if it rejects', async () => {
    const returned = await postgres.transaction(async (tx) => {
      await tx.query('INSERT INTO t VALUES (1, $1)', ['kept']);
      return 'returned';
    });
    expect(returned).toBe('returned');
    const boom = new Error('boom');
    const failing = postgres.transaction(async (tx) => {
      await tx.query(`INSERT INTO t VALUES (2, 'lost')`);
      throw boom;
    });
    await expect(failing).rejects.toBe(boom);
    const broken = postgres.transaction((tx) => tx.query(`INSERT INTO t VALUES (3, 'lost'), (3, 'twice')`));
    await expect(broken).rejects.toMatchObject({ code: '23505' });
    expect((await postgres.query('SELECT id, word FROM t ORDER BY id')).rows).toEqual([{ id: 1, word: 'kept' }]);
  });

  test('many transactions at once each count once', async () => {
    await postgres.query(`INSERT INTO t VALUES (1, '')`);
    const add = () => postgres.transaction((tx) => tx.query(`UPDATE t SET word = word || 'x' WHERE id = 1`));
    await Promise.all(Array.from({ length: 25 }, add));
    expect((await postgres.query('SELECT length(word) AS n FROM t')).rows).toEqual([{ n: 25 }]);
  });
});

describe('the migrations', () => {
  const plan = async (target = postgres) => ({
    store: postgresMigrationStore(target),
    migrations: await readMigrations(dir),
    log,
  });

  beforeEach(async () => {
    await postgres.script('DROP TABLE IF EXISTS t');
    await migrateDown({ ...(await plan()), steps: 9999 });
  });

  test('make exactly the committed schema.sql', async () => {
    await migrateUp(await plan());
    const committed = await readFile(`${dir}schema.sql`, 'utf8');
    expect(await dumpSchema(postgres), 'run: skyflow migrate dump-schema --store postgres').toBe(committed);
  });

  test('down undoes all of it, and up makes it again', async () => {
    const empty = await dumpSchema(postgres);
    await migrateUp(await plan());
    const full = await dumpSchema(postgres);
    expect(full).not.toBe(empty);
    await migrateDown({ ...(await plan()), steps: 9999 });
    expect(await dumpSchema(postgres)).toBe(empty);
    await migrateUp(await plan());
    expect(await dumpSchema(postgres)).toBe(full);
  });

  test('two that start at once apply each one once', async () => {
    const second = (await throwaway.openAgain?.()) ?? postgres;
    const options = await plan();
    const results = await Promise.all([migrateUp(options), migrateUp(await plan(second)), migrateUp(options)]);
    if (second !== postgres) await second.close();
    expect(results.reduce((sum, done) => sum + done.length, 0)).toBe(options.migrations.length);
    expect((await schemaVersion(options)).pending).toEqual([]);
  });

  test('a failing one leaves nothing behind, not even its first statements', async () => {
    const options = await plan();
    const next = options.migrations.length + 1;
    const broken = {
      version: next,
      name: 'broken',
      upSql: 'CREATE TABLE half (id int); SELECT * FROM nowhere;',
      downSql: '',
      checksum: 'x',
      upPath: 'broken.up.sql',
    };
    const run = migrateUp({ ...options, migrations: [...options.migrations, broken] });
    await expect(run).rejects.toMatchObject({ name: 'MigrationFailedError', version: next });
    expect((await schemaVersion(options)).current).toBe(0);
    expect((await postgres.query(`SELECT to_regclass('half') AS half`)).rows).toEqual([{ half: null }]);
  });

  test('users: defaults, tiers and DIDs are checked', async () => {
    await migrateUp(await plan());
    await postgres.query('INSERT INTO users (did) VALUES ($1)', ['did:plc:ewvi7nxzyoun6zhxrhs64oiz']);
    const { rows } = await postgres.query(
      'SELECT tier, handle, deleted_at, created_at = updated_at AS fresh FROM users',
    );
    expect(rows).toEqual([{ tier: 'drift', handle: null, deleted_at: null, fresh: true }]);
    const insert = (did: string, tier: string) =>
      postgres.query('INSERT INTO users (did, tier) VALUES ($1, $2)', [did, tier]);
    await insert('did:web:localhost%3A3000', 'orbit');
    await expect(insert('did:plc:other', 'gold')).rejects.toMatchObject({ code: '23514' });
    await expect(insert('not a did', 'jet')).rejects.toMatchObject({ code: '23514' });
    await expect(insert('did:web:localhost%3A3000', 'jet')).rejects.toMatchObject({ code: '23505' });
  });
});

test('the dump shows everything a migration can make', async () => {
  const dump = await postgres.transaction(async (tx) => {
    await tx.script(`
      CREATE TYPE mood AS ENUM ('sad', 'happy');
      CREATE TABLE dump_a (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, m mood NOT NULL DEFAULT 'sad', n int UNIQUE,
        twice int GENERATED ALWAYS AS (n * 2) STORED);
      CREATE TABLE dump_b (a bigint NOT NULL REFERENCES dump_a ON DELETE CASCADE, "Odd name" text CHECK ("Odd name" <> ''));
      CREATE UNIQUE INDEX dump_i ON dump_b (lower("Odd name"), a DESC) WHERE a > 0;
      CREATE VIEW dump_v AS SELECT a FROM dump_b;
      CREATE FUNCTION dump_f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
      CREATE TRIGGER dump_t BEFORE INSERT ON dump_b FOR EACH ROW EXECUTE FUNCTION dump_f();`);
    const text = await dumpSchema(tx);
    await tx.script('DROP TABLE dump_b CASCADE; DROP TABLE dump_a; DROP TYPE mood; DROP FUNCTION dump_f');
    return text;
  });
  for (const part of [
    `CREATE TYPE mood AS ENUM ('sad', 'happy');`,
    'id bigint GENERATED ALWAYS AS IDENTITY NOT NULL',
    `m mood DEFAULT 'sad'::mood NOT NULL`,
    'twice integer GENERATED ALWAYS AS (n * 2)',
    'CONSTRAINT dump_a_n_key UNIQUE (n)',
    'CONSTRAINT dump_b_a_fkey FOREIGN KEY (a) REFERENCES dump_a(id) ON DELETE CASCADE',
    `CHECK ("Odd name" <> ''::text)`,
    'CREATE UNIQUE INDEX dump_i ON dump_b USING btree (lower("Odd name"), a DESC) WHERE a > 0;',
    'CREATE VIEW dump_v AS\n SELECT',
    'CREATE OR REPLACE FUNCTION dump_f()',
    'CREATE TRIGGER dump_t BEFORE INSERT ON dump_b FOR EACH ROW EXECUTE FUNCTION dump_f();',
  ]) {
    expect(dump).toContain(part);
  }
  expect(dump).not.toMatch(/schema_migrations|public\.|skyflow_throwaway/);
});

describe('a server that is not there', () => {
  test('is a UserError that asks to be tried again and hides the password', async () => {
    const opening = openPostgres({ url: 'postgres://u:hunter2@127.0.0.1:1/x', log, waitMs: 0 });
    await expect(opening).rejects.toMatchObject({ name: 'UserError', exitCode: 75 });
    await expect(opening).rejects.toThrow('postgres://***@127.0.0.1:1/x could not be reached');
  });

  test('can be given up on', async () => {
    const signal = AbortSignal.timeout(100);
    const opening = openPostgres({ url: 'postgres://u@127.0.0.1:1/x', log, waitMs: 60_000, signal });
    await expect(opening).rejects.toMatchObject({ name: 'AbortError' });
  });

  test('neither a server nor a folder', async () => {
    await expect(openPostgres({ log })).rejects.toMatchObject({ name: 'UserError' });
  });
});
