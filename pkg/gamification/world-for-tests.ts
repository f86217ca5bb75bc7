import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import { type BusEvent, createEvent, type EventDefinition, decodeEvent, EVENTS } from '#pkg/bus/events.ts';
import { createPublisher, publishRaw } from '#pkg/bus/publish.ts';
import { reconcileStreams } from '#pkg/bus/streams.ts';
import { openThrowawayBus, type ThrowawayBus } from '#pkg/bus/throwaway.ts';
import { readMigrations } from '#pkg/migrate/migration-files.ts';
import { migrateUp } from '#pkg/migrate/runner.ts';
import { OutboxRelay } from '#pkg/outbox/relay.ts';
import type { Postgres } from '#pkg/postgres/client.ts';
import { postgresMigrationStore } from '#pkg/postgres/migration-store.ts';
import { openThrowaway } from '#pkg/postgres/throwaway.ts';
import { openRedis, type RedisHandle } from '#pkg/redis/client.ts';
import { systemClock } from '#pkg/runtime/clock.ts';
import { runAll } from '#pkg/runtime/lifecycle.ts';
import { createLogger } from '#pkg/runtime/log.ts';
import { createMetrics } from '#pkg/runtime/metrics.ts';
import { createGamification, type Gamification } from './gamification.ts';

const log = createLogger({ level: 'silent' });

/** For `vi.waitFor`: long, because only what is broken uses it up. */
export const SLOW = { timeout: 45_000, interval: 20 };

/** What somebody's analysis is told as. */
export interface Told {
  readonly userId: string;
  readonly analysisId?: string;
  readonly tier?: string;
  readonly lens?: string;
  readonly atMs?: number;
}

/** All of gamification on real stores and a real bus, with its relay; an index that knows nobody. */
export class GamificationWorld {
  readonly postgres: Postgres;
  readonly redis: RedisHandle;
  readonly bus: ThrowawayBus;
  readonly gamification: Gamification;
  /** All that the bus was given since the world was opened, oldest first. */
  readonly heard: { readonly subject: string; readonly bytes: Uint8Array }[] = [];
  readonly #ends: (() => Promise<unknown>)[] = [];

  private constructor(stores: { postgres: Postgres; redis: RedisHandle; bus: ThrowawayBus }) {
    const { postgres, redis, bus } = stores;
    this.postgres = postgres;
    this.redis = redis;
    this.bus = bus;
    const registry = createMetrics();
    const clock = systemClock;
    const relay = new OutboxRelay({ postgres, publisher: createPublisher(bus.bus), clock, log, registry });
    this.gamification = createGamification({
      postgres,
      redis: redis.redis,
      bus: bus.bus,
      relay,
      store: emptyIndex,
      verifier: {
        verify: async (token) => ({ userId: token, sid: 'x', handle: null, expiresAtMs: Infinity }),
      },
      clock,
      log,
      registry,
      publicUrl: 'https://skyflow.test',
    });
    const listening = ['events.>', 'dlq.>'].map((subjects) =>
      bus.bus.nc.subscribe(subjects, {
        callback: (_error, { subject, data }) => void this.heard.push({ subject, bytes: Uint8Array.from(data) }),
      }),
    );
    const stop = new AbortController();
    const services = [relay, ...this.gamification.services];
    const running = runAll(services, { signal: stop.signal, graceMs: 20_000, log });
    running.catch(() => undefined);
    this.#ends.push(async () => {
      stop.abort();
      await running;
      for (const one of listening) one.unsubscribe();
    });
  }

  static async open(): Promise<GamificationWorld> {
    const folder = await mkdtemp(join(tmpdir(), 'skyflow-gamification-'));
    const throwaway = await openThrowaway({ url: process.env['DATABASE_URL'] || undefined, log });
    const { postgres } = throwaway;
    const migrations = await readMigrations(new URL('../../migrations/postgres/', import.meta.url).pathname);
    await migrateUp({ store: postgresMigrationStore(postgres), migrations, log });
    const redis = await openRedis({ dataDir: folder, log });
    const bus = await openThrowawayBus();
    await reconcileStreams(bus.bus, log);
    const world = new GamificationWorld({ postgres, redis, bus });
    world.#ends.push(
      () => bus.close(),
      () => redis.close(),
      async () => throwaway[Symbol.asyncDispose](),
      () => rm(folder, { recursive: true, force: true }),
    );
    return world;
  }

  /** In order: services, bus, stores, folder. */
  async close(): Promise<void> {
    for (const end of this.#ends.splice(0)) await end();
  }

  /** Somebody who has signed in. */
  async user(): Promise<string> {
    const did = `did:plc:${randomUUID().replaceAll('-', '').slice(0, 24)}`;
    await this.postgres.query('INSERT INTO users (did, handle) VALUES ($1, $2)', [did, `u${did.slice(-8)}.example`]);
    return did;
  }

  /** Puts an event onto the bus under a message id of its own, so that a second copy of it comes through as well. */
  async publish({ subject, bytes }: BusEvent): Promise<void> {
    await publishRaw(this.bus.bus, { subject, bytes, messageId: randomUUID() });
  }

  async rows<T>(sql: string, params: readonly unknown[] = []): Promise<T[]> {
    return (await this.postgres.query<T>(sql, params)).rows;
  }

  /** Events of this kind that the bus was given, each once, however often it was. */
  told<D extends EventDefinition>(definition: D, userId: string) {
    const events = this.heard
      .filter(({ subject }) => subject === definition.subject)
      .map(({ bytes }) => decodeEvent(definition, bytes))
      .filter(({ aggregateId }) => aggregateId === userId);
    return [...new Map(events.map((event) => [event.eventId, event])).values()];
  }

  /** A request to the REST app; `as`: the DID of whoever is signed in. */
  async ask(path: string, as?: string) {
    const headers = as === undefined ? {} : { authorization: `Bearer ${as}` };
    const response = await this.gamification.app.request(`https://skyflow.test/api/v1/${path}`, { headers });
    // oxlint-disable-next-line typescript/no-explicit-any -- a test reads whatever it expects
    return { status: response.status, json: (await response.json()) as any };
  }
}

/** `events.timeline.completed` of an analysis. */
export function completed({ userId, analysisId = randomUUID(), tier = 'drift', lens = 'flow', atMs }: Told): BusEvent {
  return createEvent(
    EVENTS.timelineCompleted,
    { eventId: analysisId, aggregateId: analysisId, correlationId: randomUUID(), nowMs: atMs ?? Date.now() },
    { analysisId, userId, subjectDid: userId, type: lens, window: '48h', audience: 'following', tier, cached: false },
  );
}

/** Knows its salt, and no account. */
const emptyIndex = {
  query: async ({ name }: { name: string }) => (name === 'installation_salt' ? [{ value: 'salt' }] : []),
} as Partial<ClickHouse> as ClickHouse;
