import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, vi } from 'vitest';
import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import { openThrowaway, type ThrowawayClickHouse } from '#pkg/clickhouse/throwaway.ts';
import { createFeedGenerator, type FeedGenerator } from '#pkg/feeds/feed-generator.ts';
import { openRuleStore } from '#pkg/feeds/rules/rules-for-tests.ts';
import { createDirectory } from '#pkg/identity/directory.ts';
import { type FakeAccount, type FakeNetwork, startFakeNetwork } from '#pkg/identity/fake-network.ts';
import type { ThrowawayPostgres } from '#pkg/postgres/throwaway.ts';
import { openRedis } from '#pkg/redis/client.ts';
import { type Clock, systemClock } from '#pkg/runtime/clock.ts';
import { runAll } from '#pkg/runtime/lifecycle.ts';
import { createLogger } from '#pkg/runtime/log.ts';
import { createMetrics } from '#pkg/runtime/metrics.ts';
import { type RedisProcess, redisProcess } from '#testing/crash/redis-process.ts';
import { runFrames } from '#testing/crash/run-frames.ts';

export const SERVICE_DID = 'did:web:feeds.test.example';
const silent = createLogger({ level: 'silent' });

/** How long anything may take that is waited for: nothing depends on it but how soon a failure is noticed. */
export const soon = { timeout: 30_000, interval: 50 };

/** The network's time: behind ours, so that it can be skipped without getting ahead of what the stores date themselves. */
export interface NetworkClock extends Clock {
  skip(ms: number): void;
}

const createNetworkClock = (behindMs: number): NetworkClock => {
  let behind = behindMs;
  return {
    nowMs: () => Date.now() - behind,
    sleep: (ms, signal) => systemClock.sleep(ms, signal),
    skip: (ms) => {
      behind -= ms;
      if (behind < 0) throw new Error('skipped beyond the time of the stores');
    },
  };
};

/** What a page says. */
export interface SkeletonPage {
  readonly status: number;
  readonly uris: readonly string[];
  readonly cursor: string | undefined;
  /** Of the ranking it was cut from; empty where there was none. */
  readonly rankingId: string;
  readonly error: string | undefined;
}

export interface PageAsk {
  /** Undefined: not signed in. */
  readonly viewer?: FakeAccount | undefined;
  readonly rkey: string;
  readonly limit?: number | undefined;
  readonly cursor?: string | undefined;
  readonly langs?: string | undefined;
}

/** One running feed generator, asked over its HTTP surface. */
export interface Running {
  readonly feeds: FeedGenerator;
  /** Its log, a line of JSON each. */
  readonly lines: string[];
  page(ask: PageAsk): Promise<SkeletonPage>;
  /** The status of the answer. */
  interact(viewer: FakeAccount, rkey: string, said: readonly { item: string; event: string }[]): Promise<number>;
  metrics(): Promise<string>;
  /** When the ranking of a shared feed was made; 0: there is none. */
  rankedAtMs(rkey: string): number;
  stop(): Promise<void>;
}

export interface StartOptions {
  /** In place of the world's. */
  readonly store?: ClickHouse;
  readonly blockedLabels?: readonly string[];
}

/** Real stores, empty at first, accounts with keys, a network's clock and a folder for an operator's feeds. */
export class FullStack {
  readonly #ended: (() => Promise<void>)[] = [];
  readonly clock = createNetworkClock(1_800_000);
  readonly #clickHouse: ThrowawayClickHouse;
  readonly #postgres: ThrowawayPostgres;
  readonly #identities: FakeNetwork;
  readonly redis: RedisProcess;
  readonly folder: string;

  private constructor(made: {
    clickHouse: ThrowawayClickHouse;
    postgres: ThrowawayPostgres;
    identities: FakeNetwork;
    redis: RedisProcess;
    folder: string;
  }) {
    this.#clickHouse = made.clickHouse;
    this.#postgres = made.postgres;
    this.#identities = made.identities;
    this.redis = made.redis;
    this.folder = made.folder;
  }

  static async open(): Promise<FullStack> {
    const folder = await mkdtemp(join(tmpdir(), 'skyflow-full-stack-'));
    const redis = await redisProcess(join(folder, 'redis'));
    await mkdir(join(folder, 'feeds'));
    const [clickHouse, postgres, identities] = await Promise.all([
      openThrowaway({ url: process.env['CLICKHOUSE_URL'] || undefined, log: silent }),
      openRuleStore(),
      startFakeNetwork(),
      redis.start(),
    ]);
    return new FullStack({ clickHouse, postgres, identities, redis, folder });
  }

  get store(): ClickHouse {
    return this.#clickHouse.store;
  }

  get feedsDir(): string {
    return join(this.folder, 'feeds');
  }

  addAccounts(count: number): Promise<FakeAccount[]> {
    const curve = (n: number) => (n % 2 === 0 ? 'secp256k1' : 'P-256');
    return Promise.all(
      Array.from({ length: count }, (_, n) =>
        this.#identities.addAccount({ handle: `account${n}.test`, curve: curve(n) }),
      ),
    );
  }

  /** Writes an operator's folder, or writes over it. */
  async drop(rkey: string, manifest: object, sql?: string): Promise<void> {
    const folder = join(this.feedsDir, rkey);
    await mkdir(folder, { recursive: true });
    if (sql !== undefined) await writeFile(join(folder, 'feed.sql'), sql);
    const text = JSON.stringify({ displayName: rkey, refresh: '1s', keep: '30m', ...manifest });
    await writeFile(join(folder, 'feed.json'), text);
  }

  removeFolder(rkey: string): Promise<void> {
    return rm(join(this.feedsDir, rkey), { recursive: true });
  }

  async index(frames: readonly string[]): Promise<void> {
    await runFrames(this.store, frames, { chunkFrames: 2_000 });
  }

  async start(options: StartOptions = {}): Promise<Running> {
    const lines: string[] = [];
    const log = createLogger({ level: 'info', write: (line) => void lines.push(line) });
    const handle = await openRedis({ url: this.redis.url, log });
    const registry = createMetrics();
    const feeds = await createFeedGenerator({
      store: options.store ?? this.store,
      postgres: this.#postgres.postgres,
      redis: handle.redis,
      directory: createDirectory({
        clock: systemClock,
        plcUrl: this.#identities.plcUrl,
        fetch: this.#identities.fetch,
        allowPrivate: true,
      }),
      verifier: { verify: async () => ({ refused: 'malformed', message: '' }) },
      serviceDid: SERVICE_DID,
      publicUrl: 'https://feeds.test.example',
      version: 'test',
      feedsDir: this.feedsDir,
      blockedLabels: new Set(options.blockedLabels),
      trustedProxies: 0,
      clock: systemClock,
      networkClock: this.clock,
      log,
      registry,
    });
    const stop = new AbortController();
    const running = runAll(feeds.services, { signal: stop.signal, graceMs: 20_000, log });
    let hasEnded: Promise<void> | undefined;
    const end = async (): Promise<void> => {
      stop.abort();
      await running;
      await handle.close();
    };
    const stopOnce = (): Promise<void> => (hasEnded ??= end());
    this.#ended.push(stopOnce);
    return {
      feeds,
      lines,
      page: (ask) => askPage(feeds, ask),
      interact: (viewer, rkey, said) => interact(feeds, { viewer, rkey, said }),
      metrics: () => registry.metrics(),
      rankedAtMs: (of) => feeds.health().find(({ rkey }) => rkey === of)?.rankedAtMs ?? 0,
      stop: stopOnce,
    };
  }

  /** Ends the generators that run, and nothing else. */
  async stopAll(): Promise<void> {
    for (const end of this.#ended.splice(0)) await end();
  }

  async close(): Promise<void> {
    await this.stopAll();
    await this.redis.kill();
    await this.#identities.close();
    await this.#clickHouse[Symbol.asyncDispose]();
    await this.#postgres[Symbol.asyncDispose]();
    await rm(this.folder, { recursive: true, force: true });
  }
}

const methodOf = (name: string): string => `app.bsky.feed.${name}`;
const uriOf = (rkey: string): string => `at://${SERVICE_DID}/app.bsky.feed.generator/${rkey}`;

const bearer = async (viewer: FakeAccount, method: string): Promise<Record<string, string>> => ({
  authorization: `Bearer ${await viewer.token({ aud: SERVICE_DID, lxm: method })}`,
});

async function askPage(
  { xrpc }: FeedGenerator,
  { viewer, rkey, limit, cursor, langs }: PageAsk,
): Promise<SkeletonPage> {
  const method = methodOf('getFeedSkeleton');
  const query = new URLSearchParams({ feed: uriOf(rkey) });
  if (limit !== undefined) query.set('limit', String(limit));
  if (cursor !== undefined) query.set('cursor', cursor);
  const headers = {
    ...(viewer === undefined ? {} : await bearer(viewer, method)),
    ...(langs === undefined ? {} : { 'accept-language': langs }),
  };
  const answer = await xrpc.fetch(new Request(`http://feeds.test/xrpc/${method}?${query.toString()}`, { headers }));
  const body = (await answer.json()) as {
    feed?: { post: string }[];
    cursor?: string;
    reqId?: string;
    error?: string;
  };
  return {
    status: answer.status,
    uris: (body.feed ?? []).map(({ post }) => post),
    cursor: body.cursor,
    rankingId: body.reqId?.split('.')[0] ?? '',
    error: body.error,
  };
}

async function interact(
  { xrpc }: FeedGenerator,
  { viewer, rkey, said }: { viewer: FakeAccount; rkey: string; said: readonly { item: string; event: string }[] },
): Promise<number> {
  const method = methodOf('sendInteractions');
  const interactions = said.map(({ item, event }) => ({ item, event: `app.bsky.feed.defs#${event}` }));
  const answer = await xrpc.fetch(
    new Request(`http://feeds.test/xrpc/${method}`, {
      method: 'POST',
      headers: { ...(await bearer(viewer, method)), 'content-type': 'application/json' },
      body: JSON.stringify({ feed: uriOf(rkey), interactions }),
    }),
  );
  return answer.status;
}

/** Resolves when a feed's first page shows what is wanted of it. */
export const untilPage = (running: Running, ask: PageAsk, holds: (uris: readonly string[]) => boolean): Promise<void> =>
  vi.waitFor(async () => expect(holds((await running.page(ask)).uris)).toBe(true), soon);
