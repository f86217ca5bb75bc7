import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { expect, vi } from 'vitest';
import { readMigrations } from '#pkg/migrate/migration-files.ts';
import type { Postgres } from '#pkg/postgres/client.ts';
import { openThrowaway } from '#pkg/postgres/throwaway.ts';
import { createLogger } from '#pkg/runtime/log.ts';
import type { Day } from '../model.ts';

const log = createLogger({ level: 'silent' });

/** Our tables in a Postgres of its own. */
export async function openTables(): Promise<AsyncDisposable & { postgres: Postgres }> {
  const throwaway = await openThrowaway({ url: process.env['DATABASE_URL'] || undefined, log });
  const folder = new URL('../../../migrations/postgres', import.meta.url).pathname;
  for (const { upSql } of await readMigrations(folder)) await throwaway.postgres.script(upSql);
  return throwaway;
}

/** Leaves nobody. */
export const emptyTables = (postgres: Postgres): Promise<void> =>
  postgres.script(
    `TRUNCATE users, xp_transactions, players, weekly_xp, player_tiers, streak_days, streaks, user_achievements,
      leaderboards, scheduled_jobs, outbox CASCADE`,
  );

/** For `vi.waitFor`: long, because only what is broken uses it up. */
export const SLOW = { timeout: 20_000, interval: 20 };

/** A Redis that a test kills and starts again, on the same files. */
export interface RedisServer {
  readonly url: string;
  kill(): Promise<void>;
  start(): Promise<void>;
}

/** A Redis and a Postgres with our tables. */
export interface BoardRoom extends AsyncDisposable {
  readonly server: RedisServer;
  readonly redis: Redis;
  readonly postgres: Postgres;
  /** Empties both. */
  tidy(): Promise<void>;
}

export async function openBoardRoom(serverIn: (folder: string) => Promise<RedisServer>): Promise<BoardRoom> {
  const folder = await mkdtemp(join(tmpdir(), 'skyflow-boards-'));
  const server = await serverIn(folder);
  await server.start();
  const redis = new Redis(server.url, { retryStrategy: () => 50, maxRetriesPerRequest: 3 });
  redis.on('error', () => undefined);
  const tables = await openTables();
  return {
    server,
    redis,
    postgres: tables.postgres,
    tidy: async () => {
      await vi.waitFor(() => expect(redis.status).toBe('ready'), SLOW);
      await redis.flushall();
      await emptyTables(tables.postgres);
    },
    [Symbol.asyncDispose]: async () => {
      redis.disconnect();
      await server.kill();
      await tables[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export interface PlayerForTests {
  readonly userId: string;
  readonly xp?: number;
  readonly version?: number;
  readonly weeks?: Readonly<Record<Day, number>>;
  readonly hidden?: boolean;
  readonly inactive?: boolean;
  readonly left?: boolean;
}

const PUT_USERS = `INSERT INTO users (did, deleted_at)
SELECT did, CASE WHEN has_left THEN now() END FROM unnest($1::text[], $2::boolean[]) AS u (did, has_left)
ON CONFLICT (did) DO UPDATE SET deleted_at = excluded.deleted_at`;
const PUT_PLAYERS = `INSERT INTO players (user_id, xp_total, version, hidden, inactive)
SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::boolean[], $5::boolean[])
ON CONFLICT (user_id) DO UPDATE SET xp_total = excluded.xp_total, version = excluded.version,
  hidden = excluded.hidden, inactive = excluded.inactive`;
const PUT_WEEKS = `INSERT INTO weekly_xp (week, user_id, xp)
SELECT * FROM unnest($1::date[], $2::text[], $3::bigint[])
ON CONFLICT (week, user_id) DO UPDATE SET xp = excluded.xp`;

/** Writes users as the ledger would leave them; the weeks that are not named stay. */
export async function setPlayers(postgres: Postgres, players: readonly PlayerForTests[]): Promise<void> {
  const ids = players.map(({ userId }) => userId);
  await postgres.query(PUT_USERS, [ids, players.map(({ left = false }) => left)]);
  await postgres.query(PUT_PLAYERS, [
    ids,
    players.map(({ xp = 0 }) => xp),
    players.map(({ version = 1 }) => version),
    players.map(({ hidden = false }) => hidden),
    players.map(({ inactive = false }) => inactive),
  ]);
  const weeks = players.flatMap(({ userId, weeks = {} }) =>
    Object.entries(weeks).map(([week, xp]) => ({ week, userId, xp })),
  );
  await postgres.query(PUT_WEEKS, [
    weeks.map(({ week }) => week),
    weeks.map(({ userId }) => userId),
    weeks.map(({ xp }) => xp),
  ]);
}

export const user = (name: string): string => `did:plc:${name.padEnd(24, '2')}`;
/** The name that `user` was given. */
export const nameOf = (userId: string): string => userId.replace(/^did:plc:|2+$/g, '');
