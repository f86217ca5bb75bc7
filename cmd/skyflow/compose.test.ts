import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createLogger } from '#pkg/runtime/log.ts';
import { openDataDir } from '#pkg/runtime/data-dir.ts';
import { type StoreLocations, Stores } from './compose.ts';

const log = createLogger({ level: 'silent' });
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'skyflow-compose-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const storesAt = (where: Partial<StoreLocations>): Stores =>
  new Stores({ dataDir: join(folder, 'data'), database: 'skyflow', ...where }, { log, waitMs: 200 });

/** Nobody listens on port 1; `user:word` must never be shown. */
const cases = [
  ['clickhouse', { clickhouseUrl: 'http://user:word@127.0.0.1:1' }, 'CLICKHOUSE_URL'],
  ['postgres', { databaseUrl: 'postgres://user:word@127.0.0.1:1/db' }, 'DATABASE_URL'],
  ['redis', { redisUrl: 'redis://user:word@127.0.0.1:1' }, 'REDIS_URL'],
  ['bus', { natsUrl: 'nats://user:word@127.0.0.1:1' }, 'NATS_URL'],
] as const;

test.each(cases)('%s that cannot be reached is one sentence with what to do', async (name, where, variable) => {
  await using stores = storesAt(where);
  const error = await stores[name]().then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toMatchObject({ name: 'UserError', exitCode: 75, hint: expect.stringContaining(variable) });
  expect(String(error)).toContain('127.0.0.1:1');
  expect(String(error)).not.toContain('word');
});

test('a store with a URL needs no data folder', async () => {
  await using stores = storesAt({ redisUrl: 'redis://127.0.0.1:1' });
  await stores.redis().catch(() => undefined);
  await expect(openDataDir(join(folder, 'data')).then((dir) => dir.close())).resolves.toBeUndefined();
});

test('the data folder is held once for all, and given back at the end', async () => {
  const stores = storesAt({});
  expect(await stores.dataDir()).toBe(await stores.dataDir());
  await expect(openDataDir(join(folder, 'data'))).rejects.toMatchObject({ name: 'UserError' });
  await stores[Symbol.asyncDispose]();
  await (await openDataDir(join(folder, 'data'))).close();
});

test('a folder that cannot be had fails whoever asks for an embedded store', async () => {
  await using holder = await openDataDir(join(folder, 'data')).then((dir) => ({
    [Symbol.asyncDispose]: () => dir.close(),
  }));
  expect(holder).toBeDefined();
  await using stores = storesAt({});
  await expect(stores.clickhouse()).rejects.toMatchObject({ message: expect.stringContaining('in use by process') });
});
