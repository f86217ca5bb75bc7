import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { type Bus, openBus } from '#pkg/bus/client.ts';
import { createPublisher, type Publisher } from '#pkg/bus/publish.ts';
import { reconcileStreams } from '#pkg/bus/streams.ts';
import { readMigrations } from '#pkg/migrate/migration-files.ts';
import type { Postgres } from '#pkg/postgres/client.ts';
import { openThrowaway } from '#pkg/postgres/throwaway.ts';
import { createLogger } from '#pkg/runtime/log.ts';
import { redisProcess, type RedisProcess } from '#testing/crash/redis-process.ts';

/** NATS, Redis and Postgres for one saga, real and in a folder that goes with them. */
export interface Stage {
  readonly folder: string;
  readonly bus: Bus;
  readonly publisher: Publisher;
  readonly redis: Redis;
  readonly redisServer: RedisProcess;
  readonly postgres: Postgres;
  close(): Promise<void>;
}

const migrations = new URL('../../migrations/postgres', import.meta.url).pathname;

export const openStage = async (): Promise<Stage> => {
  const log = createLogger({ level: 'silent' });
  const folder = await mkdtemp(join(tmpdir(), 'skyflow-saga-'));
  const redisServer = await redisProcess(join(folder, 'redis'));
  await redisServer.start();
  const redis = new Redis(redisServer.url, { retryStrategy: () => 50, maxRetriesPerRequest: 5 });
  redis.on('error', () => undefined);
  await mkdir(join(folder, 'data'));
  const bus = await openBus({ dataDir: join(folder, 'data'), log });
  await reconcileStreams(bus, log);
  const throwaway = await openThrowaway({ log });
  for (const { upSql } of await readMigrations(migrations)) await throwaway.postgres.script(upSql);
  return {
    folder,
    bus,
    publisher: createPublisher(bus, log),
    redis,
    redisServer,
    postgres: throwaway.postgres,
    close: async () => {
      redis.disconnect();
      await redisServer.kill();
      await bus.close();
      await throwaway[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
};
