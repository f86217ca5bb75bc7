import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openPostgres, type Postgres } from '#pkg/postgres/client.ts';
import type { Logger } from '#pkg/runtime/log.ts';

/** An empty Postgres that leaves nothing behind. */
export interface ThrowawayPostgres extends AsyncDisposable {
  postgres: Postgres;
  /** Opens the same one a second time: for tests of two that start at once. Undefined where it is embedded. */
  openAgain: (() => Promise<Postgres>) | undefined;
}

/**
 * For tests and for dumping the schema: a schema of its own on the server at `url`, or an embedded Postgres in a temporary
 * folder (which takes 1-4 s to make). Dispose it (`await using`).
 */
export async function openThrowaway(options: { url?: string | undefined; log: Logger }): Promise<ThrowawayPostgres> {
  const { url, log } = options;
  if (url === undefined) {
    const folder = await mkdtemp(join(tmpdir(), 'skyflow-pg-'));
    const postgres = await openPostgres({ dataDir: folder, log });
    return {
      postgres,
      openAgain: undefined,
      async [Symbol.asyncDispose]() {
        await postgres.close();
        await rm(folder, { recursive: true, force: true });
      },
    };
  }
  const schema = `skyflow_throwaway_${randomBytes(6).toString('hex')}`;
  const admin = await openPostgres({ url, log });
  await admin.script(`CREATE SCHEMA ${schema}`);
  const inSchema = new URL(url);
  inSchema.searchParams.set('options', `-c search_path=${schema}`);
  const openAgain = () => openPostgres({ url: inSchema.href, log });
  const postgres = await openAgain();
  return {
    postgres,
    openAgain,
    async [Symbol.asyncDispose]() {
      await postgres.close();
      await admin.script(`DROP SCHEMA ${schema} CASCADE`);
      await admin.close();
    },
  };
}
