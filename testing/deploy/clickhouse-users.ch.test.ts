import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Session } from 'chdb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { clickHouseMigrationsDir } from '#pkg/clickhouse/migrate.ts';
import { readMigrations } from '#pkg/migrate/migration-files.ts';
import { splitStatements } from '#pkg/migrate/statements.ts';
import { all, read } from './files.ts';

/**
 * The embedded engine always runs as `default`. So that user gets, for this test, what the real file gives to `skyflow`:
 * what passes here passes there, and what is refused here is refused there.
 */
const usersForTest = (): string =>
  read('deploy/clickhouse/users.xml')
    .replace('<default remove="remove"/>', '')
    .replaceAll('skyflow>', 'default>')
    .replace('<password from_env="STORE_PASSWORD"/>', '<password></password>')
    .replace('<users>', '<profiles><default/></profiles><quotas><default/></quotas><users>');

let folder: string;
let session: Session;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'skyflow-rights-'));
  const users = join(folder, 'users.xml');
  const config = join(folder, 'config.xml');
  writeFileSync(users, usersForTest());
  writeFileSync(config, `<clickhouse><users_config>${users}</users_config></clickhouse>`);
  session = new Session(join(folder, 'engine'), { connectionArgs: [`--config-file=${config}`] });
});

afterAll(() => {
  session.close();
  rmSync(folder, { recursive: true, force: true });
});

const run = (sql: string): string => session.query(sql, 'TSV').trim();

/** ClickHouse's code for "not enough privileges". */
const refused = /Code: 497\b/;

describe('the user of deploy/clickhouse/users.xml', () => {
  test('has exactly the grants of the file', () => {
    const granted = run('SHOW GRANTS').split('\n');
    expect(granted.join('\n')).toContain('GRANT SHOW, SELECT, INSERT, ALTER');
    const objects = new Set(all(/ ON (\S+) TO default/g, granted.join('\n')));
    expect([...objects].filter((object) => object !== 'skyflow.*' && !object.startsWith('system.'))).toEqual([]);
  });

  test('may do all that the program does: migrate, undo, insert through views, change a TTL', async () => {
    run('CREATE DATABASE IF NOT EXISTS skyflow');
    run('USE skyflow');
    const migrations = await readMigrations(clickHouseMigrationsDir);
    for (const { upSql } of migrations) for (const sql of splitStatements(upSql)) run(sql);
    run(
      "INSERT INTO edges (actor_id, tid, kind, subject_id, subject_tid, version, deleted) VALUES (1, 2, 'follow', 3, 0, 1, 0)",
    );
    expect(run('SELECT subject_id FROM follows FINAL')).toBe('3');
    run('ALTER TABLE repo_records MODIFY TTL stored_at + INTERVAL 3 DAY');
    expect(Number(run("SELECT count() FROM system.tables WHERE database = 'skyflow'"))).toBeGreaterThan(10);
    expect(Number(run('SELECT sum(bytes_on_disk) FROM system.parts'))).toBeGreaterThan(0);
    run('SELECT free_space FROM system.disks');
    // A lens that takes too long is stopped there too.
    run("KILL QUERY WHERE query_id = 'none' ASYNC");
    run('CREATE TABLE schema_migrations_lock (owner String) ENGINE = MergeTree ORDER BY owner');
    run('RENAME TABLE schema_migrations_lock TO schema_migrations_lock_broken_x');
    run('DROP TABLE schema_migrations_lock_broken_x SYNC');
    for (const { downSql } of migrations.toReversed()) for (const sql of splitStatements(downSql)) run(sql);
  });

  test.each([
    ['another database', 'CREATE DATABASE other'],
    ['dropping the database as a whole', 'DROP DATABASE skyflow'],
    ['the list of users', 'SELECT name FROM system.users'],
    ['making users', 'CREATE USER mallory IDENTIFIED WITH no_password'],
    ['files', "SELECT * FROM file('/etc/passwd', 'LineAsString')"],
    ['other hosts', "SELECT * FROM url('http://127.0.0.1:1/', 'TSV', 'a Int8')"],
    ['other ClickHouse servers', "SELECT * FROM remote('127.0.0.1:1', system.one)"],
    ['the server itself', 'SYSTEM SHUTDOWN'],
  ])('may not touch %s', (_what, sql) => {
    expect(() => run(sql)).toThrow(refused);
  });
});
