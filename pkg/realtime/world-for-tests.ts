import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, get, type ClientRequest, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { getRequestListener } from '@hono/node-server';
import { vi } from 'vitest';
import { createEvent, EVENTS } from '#pkg/bus/events.ts';
import { createPublisher, type Publisher } from '#pkg/bus/publish.ts';
import { reconcileStreams } from '#pkg/bus/streams.ts';
import { openThrowawayBus, type ThrowawayBus } from '#pkg/bus/throwaway.ts';
import { openRedis, type RedisHandle } from '#pkg/redis/client.ts';
import { type Clock, systemClock } from '#pkg/runtime/clock.ts';
import { runAll } from '#pkg/runtime/lifecycle.ts';
import { createLogger } from '#pkg/runtime/log.ts';
import { createMetrics, type Registry } from '#pkg/runtime/metrics.ts';
import { loadSigner, type SessionSigner } from '#pkg/session/signer.ts';
import { createSessionStore, type SessionStore, type SessionTokens } from '#pkg/session/store.ts';
import { redeemTicket } from '#pkg/session/tickets.ts';
import { createVerifier } from '#pkg/session/verifier.ts';
import { createGateway, type GatewayOptions } from './gateway.ts';
import { SseClient } from './sse-client-for-tests.ts';

const log = createLogger({ level: 'silent' });

/** For `vi.waitFor`: long, because only what is broken uses it up. */
export const SLOW = { timeout: 45_000, interval: 10 };

/** A running gateway instance. */
export interface Instance {
  readonly url: string;
  readonly registry: Registry;
  readonly status: () => { connections: number; users: number; ready: boolean };
  readonly server: Server;
  /** As a shutdown does; resolves when all its services have ended. */
  stop(): Promise<void>;
}

/** What is published for one user. */
export interface Told {
  readonly userId: string;
  readonly data?: Record<string, unknown>;
  readonly name?: string;
  readonly eventId?: string;
}

/** A NATS, a Redis, sessions, and any number of gateways on them. */
export class World {
  readonly redis: RedisHandle;
  readonly bus: ThrowawayBus;
  readonly sessions: SessionStore;
  readonly publisher: Publisher;
  readonly #signer: SessionSigner;
  readonly #folder: string;
  readonly #ends: (() => Promise<void>)[] = [];

  private constructor(folder: string, parts: { redis: RedisHandle; bus: ThrowawayBus; signer: SessionSigner }) {
    this.#folder = folder;
    this.redis = parts.redis;
    this.bus = parts.bus;
    this.#signer = parts.signer;
    this.publisher = createPublisher(this.bus.bus);
    this.sessions = createSessionStore({ redis: this.redis.redis, signer: parts.signer, clock: systemClock });
  }

  static async open(): Promise<World> {
    const folder = mkdtempSync(join(tmpdir(), 'skyflow-realtime-'));
    const redis = await openRedis({ log, dataDir: folder });
    const bus = await openThrowawayBus();
    await reconcileStreams(bus.bus, log);
    return new World(folder, { redis, bus, signer: await loadSigner({ folder: join(folder, 'keys') }) });
  }

  async gateway(options: Partial<GatewayOptions> = {}): Promise<Instance> {
    const { redis } = this.redis;
    const registry = createMetrics();
    const subscriber = redis.duplicate();
    subscriber.on('error', () => undefined);
    const clock: Clock = options.clock ?? systemClock;
    const gateway = createGateway({
      redis,
      subscriber,
      bus: this.bus.bus,
      verifier: createVerifier({ jwks: () => Promise.resolve(this.#signer.jwks()), redis, clock: systemClock }),
      redeem: (ticket) => redeemTicket(redis, ticket),
      clock,
      log,
      registry,
      ...options,
    });
    const listener = getRequestListener(gateway.app.fetch, { overrideGlobalObjects: false });
    const server = createServer((request, response) => void listener(request, response));
    server.listen(0, '127.0.0.1');
    const stopping = new AbortController();
    const running = runAll(gateway.services, { signal: stopping.signal, graceMs: 20_000, log });
    running.catch(() => undefined);
    await vi.waitFor(() => gateway.status().ready || Promise.reject(new Error('not ready')), SLOW);
    let stopped: Promise<void> | undefined;
    const stop = () => {
      stopped ??= (async () => {
        stopping.abort();
        await running;
        server.closeAllConnections();
        server.close();
        subscriber.disconnect();
      })();
      return stopped;
    };
    this.#ends.push(stop);
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return { url, registry, status: () => gateway.status(), server, stop };
  }

  signIn(userId: string): Promise<SessionTokens> {
    return this.sessions.create({ userId, handle: null });
  }

  /** Connects; a token for a new session of `userId` is sent unless `query` or `headers` hold something better. */
  async connect(
    to: Instance,
    userId: string,
    { query = '', headers = {} }: { query?: string; headers?: Record<string, string> } = {},
  ): Promise<SseClient> {
    const { accessToken } = await this.signIn(userId);
    return this.ask(to, query, { authorization: `Bearer ${accessToken}`, ...headers });
  }

  /** A request as it stands. */
  async ask(to: Instance, query: string, headers: Record<string, string> = {}): Promise<SseClient> {
    const { promise, resolve, reject } = Promise.withResolvers<[ClientRequest, IncomingMessage]>();
    const request = get(`${to.url}/sse${query}`, { headers, agent: false }, (response) => resolve([request, response]));
    request.on('error', reject);
    const client = new SseClient(...(await promise));
    this.#ends.push(() => Promise.resolve(client.close()));
    return client;
  }

  /** Publishes as the services do; resolves when the stream has it. */
  async tell({ userId, data = {}, name = 'analysis_completed', eventId = randomUUID() }: Told): Promise<string> {
    const event = createEvent(
      EVENTS.realtimeAnalysisCompleted,
      { eventId, aggregateId: userId, correlationId: `cause-${eventId}`, nowMs: 1_700_000_000_000 },
      { userId, name, data: data as never },
    );
    await this.publisher.publish(event);
    return eventId;
  }

  killRedis(): void {
    process.kill(Number(readFileSync(join(this.#folder, 'redis', 'server.pid'), 'utf8')), 'SIGKILL');
  }

  /** Ends clients and gateways. */
  async settle(): Promise<void> {
    for (const end of this.#ends.splice(0).toReversed()) await end();
  }

  async close(): Promise<void> {
    await this.settle();
    await this.bus.close();
    await this.redis.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
