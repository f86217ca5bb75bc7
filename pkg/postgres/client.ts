import { join } from 'node:path';
import { openEmbedded } from '#pkg/postgres/embedded.ts';
import type { Postgres } from '#pkg/postgres/postgres.ts';
import { openRemote } from '#pkg/postgres/remote.ts';
import type { Clock } from '#pkg/runtime/clock.ts';
import { UserError } from '#pkg/runtime/errors.ts';
import type { Logger } from '#pkg/runtime/log.ts';

export type { Postgres, Querier } from '#pkg/postgres/postgres.ts';

export interface PostgresOptions {
  /** A server, as in DATABASE_URL. */
  url?: string | undefined;
  /** The data folder; without a `url` the embedded Postgres lives in its `postgres` folder. */
  dataDir?: string | undefined;
  log: Logger;
  /** How long to wait for a server that cannot be reached; 60 s by default. */
  waitMs?: number;
  signal?: AbortSignal;
  clock?: Clock;
}

/** Opens the server at `url`, or else the embedded one under `dataDir`. Without either it is a UserError. */
export async function openPostgres(options: PostgresOptions): Promise<Postgres> {
  const { url, dataDir, log, waitMs = 60_000, signal, clock } = options;
  if (url !== undefined) return openRemote({ url, log, waitMs, signal, clock });
  if (dataDir !== undefined) return openEmbedded(join(dataDir, 'postgres'));
  throw new UserError('This process has no Postgres: DATABASE_URL is not set.', {
    hint: 'Set DATABASE_URL, or run everything in one process with: skyflow up',
  });
}
