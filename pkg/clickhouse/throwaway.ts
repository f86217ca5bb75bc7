import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ClickHouse, openClickHouse } from '#pkg/clickhouse/client.ts';
import { migrateClickHouse } from '#pkg/clickhouse/migrate.ts';
import type { Logger } from '#pkg/runtime/log.ts';

/** A ClickHouse database that leaves nothing behind. */
export interface ThrowawayClickHouse extends AsyncDisposable {
  store: ClickHouse;
  /** Opens the same database a second time: for tests of two that start at once. Undefined where it is embedded. */
  openAgain: (() => Promise<ClickHouse>) | undefined;
}

export interface ThrowawayOptions {
  /** A server to make the database on; the embedded engine in a temporary folder when absent (one a process at a time). */
  url?: string | undefined;
  log: Logger;
  /** False: leave it empty. Migrated by default. */
  migrated?: boolean;
}

/** For tests and for dumping the schema. Dispose it (`await using`). */
export const openThrowaway = async (options: ThrowawayOptions): Promise<ThrowawayClickHouse> => {
  const throwaway = options.url === undefined ? await openEmbedded() : await openOnServer(options.url);
  try {
    if (options.migrated !== false) await migrateClickHouse(throwaway.store, options.log);
    return throwaway;
  } catch (error) {
    await throwaway[Symbol.asyncDispose]();
    throw error;
  }
};

const openEmbedded = async (): Promise<ThrowawayClickHouse> => {
  const folder = await mkdtemp(join(tmpdir(), 'skyflow-ch-'));
  const store = await openClickHouse({ path: join(folder, 'chdb'), database: 'skyflow' });
  return {
    store,
    openAgain: undefined,
    async [Symbol.asyncDispose]() {
      await store.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
};

const openOnServer = async (url: string): Promise<ThrowawayClickHouse> => {
  const database = `skyflow_throwaway_${randomBytes(6).toString('hex')}`;
  const openAgain = () => openClickHouse({ url, path: '', database });
  const store = await openAgain();
  return {
    store,
    openAgain,
    async [Symbol.asyncDispose]() {
      try {
        await store.command(`DROP DATABASE IF EXISTS ${database} SYNC`);
      } finally {
        await store.close();
      }
    },
  };
};
