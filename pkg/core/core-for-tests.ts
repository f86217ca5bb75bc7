import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BusEvent } from '#pkg/bus/events.ts';
import type { Publisher } from '#pkg/bus/publish.ts';
import type { Tier } from '#pkg/contracts/tiers.ts';
import { readMigrations } from '#pkg/migrate/migration-files.ts';
import { migrateUp } from '#pkg/migrate/runner.ts';
import type { Postgres } from '#pkg/postgres/client.ts';
import { OutboxRelay } from '#pkg/outbox/relay.ts';
import { postgresMigrationStore } from '#pkg/postgres/migration-store.ts';
import { openThrowaway } from '#pkg/postgres/throwaway.ts';
import { openRedis, type RedisHandle } from '#pkg/redis/client.ts';
import { systemClock } from '#pkg/runtime/clock.ts';
import type { Service } from '#pkg/runtime/lifecycle.ts';
import { createLogger } from '#pkg/runtime/log.ts';
import { createMetrics } from '#pkg/runtime/metrics.ts';
import { loadSigner, type SessionSigner } from '#pkg/session/signer.ts';
import { createSessionStore, type SessionStore } from '#pkg/session/store.ts';
import { createVerifier } from '#pkg/session/verifier.ts';
import { type Core, type CoreOptions, createCore } from './core.ts';
import type { Directory } from '#pkg/identity/directory.ts';
import type { Identity, IdentityProblem } from '#pkg/identity/identity.ts';

/** Real stores, a real core-api over them, and accounts known by heart instead of a network. */

export const SERVICE_DID = 'did:web:skyflow.test';
export const PUBLIC_URL = 'https://skyflow.test';
const log = createLogger({ level: 'silent' });

/** A did:plc that nobody has. */
export const someDid = (): string =>
  `did:plc:${[...randomBytes(24)].map((byte) => 'abcdefghijklmnopqrstuvwxyz234567'[byte % 32]).join('')}`;

/** Keeps what it is given; set `away` to have it refuse. */
export class MemoryPublisher implements Publisher {
  readonly published: BusEvent[] = [];
  away = false;

  publish(event: BusEvent): Promise<{ duplicate: boolean; sequence: number }> {
    if (this.away) return Promise.reject(new Error('NATS is away'));
    const known = this.published.findIndex(({ eventId }) => eventId === event.eventId);
    this.published.push(event);
    const sequence = known === -1 ? this.published.length : known + 1;
    return Promise.resolve({ duplicate: known !== -1, sequence });
  }
}

/** Knows the accounts that are put into it. */
export class FixedDirectory implements Directory {
  readonly accounts = new Map<string, Identity | IdentityProblem>();

  resolve(handleOrDid: string): Promise<Identity | IdentityProblem> {
    const key = handleOrDid.replace(/^@/, '').toLowerCase();
    return Promise.resolve(this.accounts.get(key) ?? { problem: 'not_found', message: 'nobody answers to it' });
  }

  async signingKey(did: string): Promise<string | null | IdentityProblem> {
    const found = await this.resolve(did);
    return 'problem' in found ? found : found.signingKey;
  }

  refreshKey(did: string): Promise<string | null | IdentityProblem> {
    return this.signingKey(did);
  }
}

/** The stores of one test file. */
export interface TestStores extends AsyncDisposable {
  readonly postgres: Postgres;
  /** A second connection, where Postgres is a server. */
  readonly openAgain: (() => Promise<Postgres>) | undefined;
  readonly redis: RedisHandle;
  readonly signer: SessionSigner;
  /** For what a test wants to keep on disk. */
  readonly folder: string;
}

/** Opens PGlite and Redis in a temporary folder (Postgres at DATABASE_URL where that is set). */
export async function openTestStores(): Promise<TestStores> {
  const folder = await mkdtemp(join(tmpdir(), 'skyflow-core-'));
  const throwaway = await openThrowaway({ url: process.env['DATABASE_URL'] || undefined, log });
  const { postgres, openAgain } = throwaway;
  const dir = new URL('../../migrations/postgres/', import.meta.url).pathname;
  await migrateUp({ store: postgresMigrationStore(postgres), migrations: await readMigrations(dir), log });
  const redis = await openRedis({ dataDir: folder, log });
  const signer = await loadSigner({ folder: join(folder, 'keys') });
  return {
    postgres,
    openAgain,
    redis,
    signer,
    folder,
    async [Symbol.asyncDispose]() {
      await redis.close();
      await throwaway[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A core-api over test stores. */
export interface TestCore extends Core {
  /** The relay of its outbox. */
  readonly services: readonly Service[];
  readonly sessions: SessionStore;
  readonly directory: FixedDirectory;
  readonly publisher: MemoryPublisher;
  readonly registry: ReturnType<typeof createMetrics>;
  /** Makes a user of this tier and returns an access token. */
  signIn(tier?: Tier, did?: string): Promise<{ did: string; token: string }>;
  /** A request; an object as `body` is sent as JSON. */
  ask(path: string, how?: Asking): Promise<Answer>;
}

export interface Asking {
  method?: string;
  token?: string;
  body?: unknown;
  headers?: Record<string, string>;
}

export interface Answer {
  status: number;
  headers: Headers;
  // oxlint-disable-next-line typescript/no-explicit-any -- a test reads whatever it expects
  body: any;
}

/** Puts a core-api together. Its relay does not run unless the test runs it. */
export function createTestCore(
  stores: TestStores,
  changes: Partial<CoreOptions> & { publisher?: Publisher } = {},
): TestCore {
  const { postgres, redis: handle, signer } = stores;
  const { clock = systemClock } = changes;
  const { redis } = handle;
  const directory = new FixedDirectory();
  const publisher = new MemoryPublisher();
  const sessions = createSessionStore({ redis, signer, clock });
  const registry = createMetrics();
  const relay = new OutboxRelay({ postgres, publisher: changes.publisher ?? publisher, clock, log, registry });
  const core = createCore({
    postgres,
    redis,
    relay,
    sessions,
    verifier: createVerifier({ jwks: () => signer.jwks(), redis, clock }),
    signer,
    directory,
    fetch: () => Promise.reject(new Error('no PDS in this test')),
    serviceDid: SERVICE_DID,
    publicUrl: PUBLIC_URL,
    clock,
    log,
    registry,
    ...changes,
  });
  return {
    ...core,
    services: [relay],
    sessions,
    directory,
    publisher,
    registry,
    async signIn(tier = 'drift', did = someDid()) {
      await postgres.query('INSERT INTO users (did, tier) VALUES ($1, $2) ON CONFLICT (did) DO NOTHING', [did, tier]);
      const { accessToken } = await sessions.create({ userId: did, handle: null });
      return { did, token: accessToken };
    },
    ask: (path, how) => ask(core.app, path, how),
  };
}

async function ask(app: Core['app'], path: string, how: Asking = {}): Promise<Answer> {
  const { token, body, headers = {} } = how;
  const isJson = body !== undefined && typeof body !== 'string';
  const response = await app.request(`http://skyflow.test${path}`, {
    method: how.method ?? (body === undefined ? 'GET' : 'POST'),
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(isJson ? { 'content-type': 'application/json' } : {}),
      ...headers,
    },
    ...(body === undefined ? {} : { body: isJson ? JSON.stringify(body) : body }),
  });
  const text = await response.text();
  const type = response.headers.get('content-type') ?? '';
  return {
    status: response.status,
    headers: response.headers,
    body: type.includes('application/json') ? (JSON.parse(text) as unknown) : text,
  };
}

/** Runs services until disposed. */
export function running(services: readonly Service[]): AsyncDisposable {
  const stop = new AbortController();
  const runs = Promise.all(services.map((service) => service.run(stop.signal)));
  runs.catch(() => undefined);
  return {
    async [Symbol.asyncDispose]() {
      stop.abort();
      await runs;
    },
  };
}
