import { readFileSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nanos } from '@nats-io/transport-node';
import { Redis } from 'ioredis';
import { type Bus, openBus } from '#pkg/bus/client.ts';
import { reconcileStreams } from '#pkg/bus/streams.ts';
import { readMigrations } from '#pkg/migrate/migration-files.ts';
import { migrateUp } from '#pkg/migrate/runner.ts';
import { openPostgres, type Querier } from '#pkg/postgres/client.ts';
import { postgresMigrationStore } from '#pkg/postgres/migration-store.ts';
import { errorCode } from '#pkg/runtime/errors.ts';
import { createLogger } from '#pkg/runtime/log.ts';
import { redisProcess, type RedisProcess } from '#testing/crash/redis-process.ts';
import { findPostgres } from '../e2e/postgres-programs.mjs';
import { startPostgres } from '../e2e/postgres.ts';
import { gamificationLife, type GamificationLife } from './gamification-life.ts';
import type { ChildOrders } from './process-protocol.ts';

/** NATS, Redis, Postgres and gamification, each a process that can be killed. */
export interface Stage {
  readonly bus: Bus;
  readonly redis: Redis;
  readonly redisServer: RedisProcess;
  /** May reject while Postgres is away. */
  readonly postgres: Pick<Querier, 'query'>;
  readonly gamification: GamificationLife;
  /** False where no PostgreSQL is installed: it then lives in the gamification process, and dies with it. */
  readonly hasServer: boolean;
  /** In the time of the test. */
  nowMs(): number;
  setClock(nowMs: number): void;
  killNats(): void;
  killPostgres(): void;
  /** Redis comes back without anything. */
  emptyRedis(): Promise<void>;
  close(): Promise<void>;
}

const migrations = new URL('../../migrations/postgres', import.meta.url).pathname;
/** A message whose process died comes again after this long, instead of a minute. */
const ackWaitMs = 2_000;
const OURS = [
  ['TIMELINE', 'timeline-xp-awarder'],
  ['USER', 'user-indexer'],
  ['GAMIFICATION', 'leaderboard-updater'],
  ['GAMIFICATION', 'achievement-checker'],
] as const;

/** The durables of gamification, each with its stream. */
export const gamificationDurables = OURS;

export interface StageOptions {
  readonly nowMs: number;
  readonly figures: ChildOrders['figures'];
  /** The Postgres within gamification, also where a server is installed. */
  readonly embedded?: boolean | undefined;
}

/** Everything runs but gamification. */
export const openStage = async ({ nowMs, figures, embedded = false }: StageOptions): Promise<Stage> => {
  const log = createLogger({ level: 'silent' });
  const folder = await mkdtemp(join(tmpdir(), 'skyflow-xp-'));
  // PostgreSQL runs as a user of its own, and must get at its folder.
  await chmod(folder, 0o711);
  const redisFolder = join(folder, 'redis');
  const redisServer = await redisProcess(redisFolder);
  await redisServer.start();
  const redis = new Redis(redisServer.url, { retryStrategy: () => 50, maxRetriesPerRequest: 5 });
  redis.on('error', () => undefined);
  const dataDir = join(folder, 'data');
  await mkdir(dataDir);
  const bus = await openBus({ dataDir, log });
  await reconcileStreams(bus, log);
  for (const [stream, durable] of OURS) await bus.jsm.consumers.update(stream, durable, { ack_wait: nanos(ackWaitMs) });
  const hasServer = !embedded && findPostgres() !== undefined;
  const server = hasServer ? await startPostgres(folder, log) : undefined;
  // A server that is killed keeps what it said it has, though nothing waits for the disk.
  const url = server === undefined ? undefined : `${server.url}?options=-c%20synchronous_commit%3Don`;
  const ours = await openPostgres({ url, dataDir, log });
  await migrateUp({ store: postgresMigrationStore(ours), migrations: await readMigrations(migrations), log });
  if (url === undefined) await ours.close();
  let shiftMs = nowMs - Date.now();
  const now = (): number => Date.now() + shiftMs;
  const orders = {
    natsUrl: bus.url,
    redisUrl: redisServer.url,
    postgres: url === undefined ? { dataDir } : { url },
    figures,
  };
  const gamification = gamificationLife(orders, now);
  return {
    bus,
    redis,
    redisServer,
    postgres: url === undefined ? gamification.querier : ours,
    gamification,
    hasServer,
    nowMs: now,
    setClock: (ms) => {
      shiftMs = ms - Date.now();
      gamification.setClock(ms);
    },
    killNats: () => killByFile(join(dataDir, 'nats', 'server.pid')),
    killPostgres: () => killByFile(join(folder, 'postgres.pid')),
    emptyRedis: async () => {
      await redisServer.kill();
      for (const each of await readdir(redisFolder)) await rm(join(redisFolder, each), { recursive: true });
      await redisServer.start();
    },
    close: async () => {
      await gamification.stop();
      redis.disconnect();
      await redisServer.kill();
      await bus.close();
      if (url !== undefined) await ours.close();
      await server?.[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
};

/** It starts again by itself, as an embedded one does. One that is dead already is dead enough. */
const killByFile = (pidFile: string): void => {
  try {
    process.kill(Number(readFileSync(pidFile, 'utf8')), 'SIGKILL');
  } catch (error) {
    if (errorCode(error) !== 'ESRCH' && errorCode(error) !== 'ENOENT') throw error;
  }
};
