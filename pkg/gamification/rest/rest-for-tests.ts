import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Hono } from 'hono';
import { expect } from 'vitest';
import type { Tier } from '#pkg/contracts/tiers.ts';
import { readMigrations } from '#pkg/migrate/migration-files.ts';
import { migrateUp } from '#pkg/migrate/runner.ts';
import type { Postgres } from '#pkg/postgres/client.ts';
import { postgresMigrationStore } from '#pkg/postgres/migration-store.ts';
import { openThrowaway } from '#pkg/postgres/throwaway.ts';
import { openRedis, type RedisHandle } from '#pkg/redis/client.ts';
import { ManualClock } from '#pkg/runtime/clock.ts';
import { problemSchema } from '#pkg/rest/problem.ts';
import { createLogger } from '#pkg/runtime/log.ts';
import { createMetrics, type Registry } from '#pkg/runtime/metrics.ts';
import type { Verifier } from '#pkg/session/verifier.ts';
import { type Boards, createBoards } from '../boards/boards.ts';
import { createLedger, type Ledger } from '../ledger/ledger.ts';
import type { Deed } from '../model.ts';
import { expectDocumented } from './documented-for-tests.ts';
import type { GamificationRestParts } from './ports.ts';
import { createGamificationRest } from './rest.ts';

const log = createLogger({ level: 'silent' });

/** A Friday; its week is 2026-W47, from the 16th to the 22nd. */
export const NOW = '2026-11-20T12:00:00.000Z';

/** Real Postgres and Redis of one test file. */
export interface RestStores extends AsyncDisposable {
  readonly postgres: Postgres;
  readonly redis: RedisHandle;
}

export async function openRestStores(): Promise<RestStores> {
  const folder = await mkdtemp(join(tmpdir(), 'skyflow-gamification-rest-'));
  const throwaway = await openThrowaway({ url: process.env['DATABASE_URL'] || undefined, log });
  const { postgres } = throwaway;
  const dir = new URL('../../../migrations/postgres/', import.meta.url).pathname;
  await migrateUp({ store: postgresMigrationStore(postgres), migrations: await readMigrations(dir), log });
  const redis = await openRedis({ dataDir: folder, log });
  return {
    postgres,
    redis,
    async [Symbol.asyncDispose]() {
      await redis.close();
      await throwaway[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A DID that one can tell from others: `did:plc:aliceaaaaaaaaaaaaaaaaaaa`. */
export const didOf = (name: string): string => `did:plc:${name.padEnd(24, 'a')}`;

/** A session's token is `session-` and the DID. */
const verifier: Verifier = {
  verify: async (token) => {
    if (token === 'old') return { refused: 'expired', message: 'the access token has expired' };
    return token.startsWith('session-did:')
      ? { userId: token.slice('session-'.length), sid: 'x', handle: null, expiresAtMs: Infinity }
      : { refused: 'malformed', message: 'the access token cannot be read' };
  },
};

export interface Asking {
  method?: string;
  /** Of whom is signed in, by name. */
  as?: string;
  token?: string;
  body?: unknown;
  headers?: Record<string, string>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- a test reads whatever it expects
  readonly json: any;
}

/** The REST app over real stores, with players as the test says. */
export interface TestRest {
  readonly app: Hono;
  readonly clock: ManualClock;
  readonly ledger: Ledger;
  readonly boards: Boards;
  readonly registry: Registry;
  /** Whom each follows, by DID; `away` has the index refuse. */
  readonly follows: Map<string, readonly string[] | 'away'>;
  /** Makes users, by name. */
  users(...names: string[]): Promise<void>;
  /** Settles deeds, and brings the boards up to date. */
  settle(...deeds: Deed[]): Promise<void>;
  /** A request; its answer is held against the document. */
  ask(path: string, how?: Asking): Promise<Answer>;
}

/** An analysis of somebody, by name. */
export const analysis = (name: string, eventId: string, at = NOW, tier: Tier = 'drift'): Deed => ({
  kind: 'analysis',
  userId: didOf(name),
  eventId,
  atMs: Date.parse(at),
  tier,
  lens: 'flow',
  score: null,
  correlationId: 'test',
  causationId: '',
});

export async function createTestRest(
  stores: RestStores,
  changes: Partial<GamificationRestParts> = {},
): Promise<TestRest> {
  const { postgres } = stores;
  const { redis } = stores.redis;
  await redis.flushall();
  await postgres.script(
    'TRUNCATE users, xp_transactions, players, weekly_xp, player_tiers, streak_days, streaks, user_achievements, leaderboards, outbox CASCADE',
  );
  const clock = new ManualClock(Date.parse(NOW));
  const registry = createMetrics();
  const ledger = createLedger({ postgres, relay: { offer: () => undefined }, clock, log, registry });
  const boards = createBoards({ redis, postgres, clock, log });
  const follows = new Map<string, readonly string[] | 'away'>();
  const app = createGamificationRest({
    postgres,
    redis,
    verifier,
    ledger,
    boards,
    network: {
      following: async (did) => {
        const followed = follows.get(did) ?? [];
        if (followed === 'away') throw new Error('the index is away');
        return followed;
      },
    },
    publicUrl: 'https://skyflow.test/',
    clock,
    log,
    registry,
    ...changes,
  });
  return {
    app,
    clock,
    ledger,
    boards,
    registry,
    follows,
    async users(...names) {
      for (const name of names) {
        await postgres.query('INSERT INTO users (did, handle) VALUES ($1, $2)', [didOf(name), `${name}.example`]);
      }
    },
    async settle(...deeds) {
      await ledger.settle(deeds);
      await boards.refresh([...new Set(deeds.map(({ userId }) => userId))]);
    },
    ask: (path, how) => ask(app, path, how),
  };
}

async function ask(app: Hono, path: string, how: Asking = {}): Promise<Answer> {
  const { method = 'GET', as, body, headers = {} } = how;
  const token = how.token ?? (as === undefined ? undefined : `session-${didOf(as)}`);
  const response = await app.request(`https://skyflow.test${path}`, {
    method,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json') === true;
  const { status } = response;
  const answer = { status, headers: response.headers, text, json: isJson ? JSON.parse(text) : undefined };
  expectDocumented({ method, path: path.replace(/\?.*$/s, '') }, answer);
  return answer;
}

/** XP as Postgres has it, whatever the rules made of the deeds. */
export async function xpOf({ postgres }: RestStores, name: string): Promise<number> {
  const { rows } = await postgres.query<{ xp_total: number }>('SELECT xp_total FROM players WHERE user_id = $1', [
    didOf(name),
  ]);
  return rows[0]?.xp_total ?? 0;
}

/** Bob has more than Eve and Tim, who have the same; Zoe has earned nothing. */
export async function fourUsers(rest: TestRest): Promise<void> {
  await rest.users('bob', 'eve', 'tim', 'zoe');
  await rest.settle(
    analysis('bob', 'b1', NOW, 'orbit'),
    analysis('bob', 'b2', NOW, 'orbit'),
    analysis('eve', 'e1'),
    analysis('tim', 't1'),
  );
}

/** That it is a problem of ours, whole and not to be kept. */
export function expectProblem(answer: Answer, status: number, error: string): void {
  expect([answer.status, answer.json?.error], answer.text).toEqual([status, error]);
  expect(problemSchema.strict().safeParse(answer.json).success).toBe(true);
  expect(answer.headers.get('cache-control')).toBe('no-store');
  expect(answer.json.request_id).toBe(answer.headers.get('x-request-id'));
}
