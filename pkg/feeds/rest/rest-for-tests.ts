import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Hono } from 'hono';
import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import { createKeys } from '#pkg/clickhouse/keys.ts';
import type { Directory } from '#pkg/identity/directory.ts';
import { openRedis, type RedisHandle } from '#pkg/redis/client.ts';
import { ManualClock } from '#pkg/runtime/clock.ts';
import { createLogger } from '#pkg/runtime/log.ts';
import { createMetrics } from '#pkg/runtime/metrics.ts';
import type { ThrowawayPostgres } from '#pkg/postgres/throwaway.ts';
import type { Verifier } from '#pkg/session/verifier.ts';
import type { Feed, Ranking } from '../feed.ts';
import type { Scope } from '../rules/api-keys.ts';
import type { FeedDay } from '../visits/stats.ts';
import { createRules, type OperatorRules } from '../rules/rules.ts';
import { openRuleStore } from '../rules/rules-for-tests.ts';
import { rankingOf } from './parts-for-tests.ts';
import type { FeedRestParts } from './ports.ts';
import { createFeedRest } from './rest.ts';

const log = createLogger({ level: 'silent' });

/** Real Postgres and Redis of one test file. */
export interface RestStores extends AsyncDisposable {
  readonly rules: ThrowawayPostgres;
  readonly redis: RedisHandle;
}

export async function openRestStores(): Promise<RestStores> {
  const folder = await mkdtemp(join(tmpdir(), 'skyflow-feed-rest-'));
  const rules = await openRuleStore();
  const redis = await openRedis({ dataDir: folder, log });
  return {
    rules,
    redis,
    async [Symbol.asyncDispose]() {
      await redis.close();
      await rules[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Accounts known by heart; everybody else is not found. */
export const HANDLES: Readonly<Record<string, string>> = {
  'alice.example': 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa',
  'bob.example': 'did:plc:bbbbbbbbbbbbbbbbbbbbbbbb',
};

const directory: Pick<Directory, 'resolve'> = {
  resolve: async (name) => {
    const did = HANDLES[name];
    if (name === 'away.example') return { problem: 'unavailable', message: 'not to be found out at the moment' };
    if (did === undefined) return { problem: 'not_found', message: 'nobody answers to it' };
    return { did, handle: name, pdsUrl: null, signingKey: null };
  },
};

/** A session's token is `session-` and the DID. */
const verifier: Verifier = {
  verify: async (token) =>
    token.startsWith('session-did:')
      ? { userId: token.slice('session-'.length), sid: 'x', handle: null, expiresAtMs: Infinity }
      : { refused: 'malformed', message: 'the access token cannot be read' },
};

export interface TestRest {
  readonly app: Hono;
  readonly clock: ManualClock;
  readonly rules: OperatorRules;
  /** What ClickHouse was asked, with its parameters. */
  readonly asked: { readonly name: string; readonly params: unknown }[];
  /** Posts of the rankings that are made here. */
  readonly rankings: Map<string, Ranking>;
  key(...scopes: Scope[]): Promise<string>;
  ask(
    path: string,
    how?: Asking,
  ): Promise<{
    status: number;
    headers: Headers;
    text: string;
    // oxlint-disable-next-line typescript/no-explicit-any -- a test reads whatever it expects
    json: any;
  }>;
}

/** The REST app over real rules, with feeds, rankings and texts as the test says. */
export async function createTestRest(
  stores: RestStores,
  feeds: readonly Feed[],
  changes: Partial<FeedRestParts> = {},
): Promise<TestRest> {
  const clock = new ManualClock(Date.parse('2026-11-21T12:00:00Z'));
  const rules = await createRules({ postgres: stores.rules.postgres, clock, log });
  const asked: { name: string; params: unknown }[] = [];
  const rankings = new Map<string, Ranking>();
  const find = (rkey: string) => feeds.find((feed) => feed.rkey === rkey);
  const noted = async ({ name }: { name: string }, params: unknown) => {
    asked.push({ name, params });
    return [];
  };
  const app = createFeedRest({
    store: {
      query: noted,
      readLimited: (statement) => noted(statement, statement.params),
    } as Partial<ClickHouse> as ClickHouse,
    keys: createKeys('salt'),
    catalogue: { feeds: () => feeds, find, problems: () => [{ folder: 'broken', mistakes: ['it has no feed.json'] }] },
    rankings: {
      current: async ({ rkey }) => rankings.get(rkey),
      health: () => [{ rkey: 'hot', rankedAtMs: clock.nowMs(), posts: 3, failures: 0, error: undefined, stale: false }],
    },
    own: async (feed) => rankingOf(feed, [], clock.nowMs()),
    hidden: { why: () => undefined },
    blockedLabels: new Set(),
    rules,
    readStats: async (feed, days) => [
      {
        day: '2026-11-21',
        feed,
        requests: days,
        unsignedRequests: 1,
        firstPages: 2,
        viewers: 1,
        depth: { max: 30, mean: 15 },
        interactions: { requestLess: 1 } as FeedDay['interactions'],
      },
    ],
    directory: directory as Directory,
    verifier,
    redis: stores.redis.redis,
    publicUrl: 'https://skyflow.test/',
    clock,
    log,
    registry: createMetrics(),
    ...changes,
  });
  return {
    app,
    clock,
    rules,
    asked,
    rankings,
    key: async (...scopes) => (await rules.keys.createKey({ name: 'test', scopes })).secret,
    ask: (path, how) => ask(app, path, how),
  };
}

interface Asking {
  method?: string;
  token?: string | undefined;
  body?: unknown;
  headers?: Record<string, string>;
}

async function ask(app: Hono, path: string, { method = 'GET', token, body, headers = {} }: Asking = {}) {
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
  const json = isJson ? (JSON.parse(text) as unknown) : undefined;
  return { status: response.status, headers: response.headers, text, json };
}
