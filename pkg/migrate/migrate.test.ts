import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createLogger } from '#pkg/runtime/log.ts';
import { checksumOf, createMigration, readMigrations } from '#pkg/migrate/migration-files.ts';
import {
  type AppliedMigration,
  migrateDown,
  migrateUp,
  MigrationFailedError,
  type MigrationStore,
  schemaVersion,
} from '#pkg/migrate/runner.ts';

const log = createLogger({ level: 'silent' });

/** A store in memory that can crash, and notes what ran. Nothing is transactional, as in ClickHouse. */
class MemoryStore implements MigrationStore {
  readonly name = 'memory';
  readonly executed: string[] = [];
  readonly history = new Map<number, AppliedMigration>();
  failOn: string | undefined;
  crashBeforeRecord = false;
  #turn: Promise<unknown> = Promise.resolve();
  #locked = false;

  async lock<T>(fn: () => Promise<T>): Promise<T> {
    const before = this.#turn;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#turn = promise;
    await before;
    this.#locked = true;
    try {
      return await fn();
    } finally {
      this.#locked = false;
      resolve();
    }
  }

  async applied(): Promise<AppliedMigration[]> {
    await this.#step();
    return [...this.history.values()].toReversed();
  }

  async record(migration: AppliedMigration): Promise<void> {
    await this.#step();
    if (this.crashBeforeRecord) throw new Error('killed');
    this.history.set(migration.version, migration);
  }

  async remove(version: number): Promise<void> {
    await this.#step();
    this.history.delete(version);
  }

  async execute(sql: string): Promise<void> {
    await this.#step();
    if (this.failOn !== undefined && sql.includes(this.failOn)) throw new TypeError('syntax error');
    this.executed.push(sql.trim());
  }

  async #step(): Promise<void> {
    if (!this.#locked) throw new Error('used outside of lock');
    await new Promise((resolve) => setImmediate(resolve));
  }
}

let dir = '';
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'skyflow-migrate-'));
  for (const [number, name] of [
    ['0001', 'one'],
    ['0002', 'two'],
    ['0003', 'three'],
  ]) {
    await writeFile(join(dir, `${number}_${name}.up.sql`), `up ${name}\n`);
    await writeFile(join(dir, `${number}_${name}.down.sql`), `down ${name}\n`);
  }
});
afterEach(() => rm(dir, { recursive: true }));

async function plan(store: MemoryStore) {
  return { store, migrations: await readMigrations(dir), log };
}

describe('readMigrations', () => {
  test('in order, with checksums that do not depend on line endings', async () => {
    await writeFile(join(dir, 'schema.sql'), 'dump');
    await writeFile(join(dir, 'README.md'), 'words');
    await writeFile(join(dir, '0002_two.up.sql'), 'up two\r\n');
    const migrations = await readMigrations(dir);
    expect(migrations.map(({ version, name }) => [version, name])).toEqual([
      [1, 'one'],
      [2, 'two'],
      [3, 'three'],
    ]);
    expect(migrations[1]?.checksum).toBe(checksumOf('up two\n'));
    expect(checksumOf('up two\n')).toMatch(/^[0-9a-f]{64}$/);
  });

  test.each([
    ['0005_five.up.sql', '0005_five.down.sql', 'but 4 comes next'],
    ['0003_again.up.sql', '0003_again.down.sql', 'has number 3, but 4 comes next'],
    ['0004_four.up.sql', undefined, 'has no down file'],
    ['0004_four.down.sql', undefined, 'has no up file'],
    ['4_four.up.sql', undefined, 'is not named like a migration'],
  ])('%s is refused', async (first, second, message) => {
    await writeFile(join(dir, first), '');
    if (second !== undefined) await writeFile(join(dir, second), '');
    await expect(readMigrations(dir)).rejects.toMatchObject({ name: 'UserError' });
    await expect(readMigrations(dir)).rejects.toThrow(message);
  });

  test('a missing folder is a UserError', async () => {
    await expect(readMigrations(join(dir, 'nowhere'))).rejects.toMatchObject({ name: 'UserError' });
  });
});

describe('createMigration', () => {
  test('makes the next pair', async () => {
    const paths = await createMigration(dir, 'Add Big-Labels');
    expect(paths.up).toBe(join(dir, '0004_add_big_labels.up.sql'));
    expect(await readFile(paths.down, 'utf8')).toContain('Undoes 0004_add_big_labels.up.sql');
    expect(await readMigrations(dir)).toHaveLength(4);
  });

  test('an empty folder starts at 1; a bad name makes nothing', async () => {
    const empty = join(dir, 'empty');
    await mkdir(empty);
    for (const name of ['', '../evil', "x'; DROP", 'ü']) {
      await expect(createMigration(empty, name)).rejects.toMatchObject({ name: 'UserError' });
    }
    expect(await readdir(empty)).toEqual([]);
    expect((await createMigration(empty, 'first')).up).toBe(join(empty, '0001_first.up.sql'));
  });
});

describe('running', () => {
  test('up applies what is pending in order, once', async () => {
    const store = new MemoryStore();
    expect(await schemaVersion(await plan(store))).toEqual({
      current: 0,
      latest: 3,
      pending: ['0001_one', '0002_two', '0003_three'],
    });
    expect((await migrateUp(await plan(store))).map(({ name }) => name)).toEqual(['one', 'two', 'three']);
    expect(await migrateUp(await plan(store))).toEqual([]);
    expect(store.executed).toEqual(['up one', 'up two', 'up three']);
    expect(await schemaVersion(await plan(store))).toEqual({ current: 3, latest: 3, pending: [] });
  });

  test('two that start at once apply each migration once', async () => {
    const store = new MemoryStore();
    const results = await Promise.all([migrateUp(await plan(store)), migrateUp(await plan(store))]);
    expect(results.map((done) => done.length)).toEqual([3, 0]);
    expect(store.executed).toEqual(['up one', 'up two', 'up three']);
  });

  test('down undoes the newest first, as many as asked and as there are', async () => {
    const store = new MemoryStore();
    await migrateUp(await plan(store));
    await migrateDown({ ...(await plan(store)), steps: 2 });
    expect(store.executed.slice(3)).toEqual(['down three', 'down two']);
    expect((await schemaVersion(await plan(store))).current).toBe(1);
    expect(await migrateDown({ ...(await plan(store)), steps: 2 })).toHaveLength(1);
    expect(await migrateDown({ ...(await plan(store)), steps: 1 })).toEqual([]);
  });

  test('a failure keeps what went before it, names the file, and is taken up again', async () => {
    const store = new MemoryStore();
    store.failOn = 'up two';
    const failure = migrateUp(await plan(store));
    await expect(failure).rejects.toBeInstanceOf(MigrationFailedError);
    await expect(failure).rejects.toMatchObject({ version: 2, cause: expect.any(TypeError) as unknown });
    await expect(failure).rejects.toThrow('0002_two');
    expect((await schemaVersion(await plan(store))).current).toBe(1);
    store.failOn = undefined;
    expect((await migrateUp(await plan(store))).map(({ name }) => name)).toEqual(['two', 'three']);
  });

  test('a crash between running and recording runs the same one again', async () => {
    const store = new MemoryStore();
    store.crashBeforeRecord = true;
    await expect(migrateUp(await plan(store))).rejects.toThrow('killed');
    store.crashBeforeRecord = false;
    await migrateUp(await plan(store));
    expect(store.executed).toEqual(['up one', 'up one', 'up two', 'up three']);
  });
});

describe('a history that does not match the files', () => {
  test.each(['up', 'down', 'version'] as const)('an edited migration stops %s and names the file', async (what) => {
    const store = new MemoryStore();
    await migrateUp(await plan(store));
    await writeFile(join(dir, '0002_two.up.sql'), 'up two, edited\n');
    const options = await plan(store);
    const before = store.executed.length;
    const run = { up: migrateUp, down: () => migrateDown({ ...options, steps: 1 }), version: schemaVersion }[what];
    await expect(run(options)).rejects.toMatchObject({
      name: 'UserError',
      message: expect.stringContaining(join(dir, '0002_two.up.sql')) as string,
    });
    expect(store.executed).toHaveLength(before);
  });

  test('an edited down file is no reason to stop', async () => {
    const store = new MemoryStore();
    await migrateUp(await plan(store));
    await writeFile(join(dir, '0002_two.down.sql'), 'down two, repaired\n');
    await migrateDown({ ...(await plan(store)), steps: 2 });
    expect(store.executed).toContain('down two, repaired');
  });

  test('a migration that only the store knows, or knows by another name', async () => {
    const store = new MemoryStore();
    await migrateUp(await plan(store));
    const { store: _, migrations } = await plan(store);
    await expect(migrateUp({ store, log, migrations: migrations.slice(0, 2) })).rejects.toThrow(
      '0003_three, which this',
    );
    const renamed = migrations.map((one) => (one.version === 2 ? { ...one, name: 'zwei' } : one));
    await expect(migrateUp({ store, log, migrations: renamed })).rejects.toThrow('was migrated with 0002_two');
  });
});
