import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { expect, vi } from 'vitest';
import { type Clock, systemClock } from '#pkg/runtime/clock.ts';
import { createLogger } from '#pkg/runtime/log.ts';
import { createMetrics } from '#pkg/runtime/metrics.ts';
import { type Feed, FILTERS, type Ranking, type RankingReport } from '../feed.ts';
import type { Ranker, Rankings } from '../parts.ts';
import { createRankings, type RankingsOptions } from './rankings.ts';

/** Real pauses, but the time stands still until the test moves it. */
export interface TestClock extends Clock {
  skip(ms: number): void;
  /** Resolves when every loop that runs has come round a few times. */
  rounds(): Promise<void>;
}

export const createTestClock = (): TestClock => {
  let nowMs = Date.UTC(2026, 10, 21, 12);
  let sleeps = 0;
  return {
    nowMs: () => nowMs,
    sleep: async (ms, signal) => {
      sleeps += 1;
      await systemClock.sleep(ms, signal);
    },
    skip: (ms) => {
      nowMs += ms;
    },
    rounds: async () => {
      const until = sleeps + 20;
      await vi.waitFor(() => expect(sleeps).toBeGreaterThan(until), { timeout: 20_000 });
    },
  };
};

let made = 0;
/** A ranking of as many posts. */
export const rankingOf = (feed: Feed, rankedAtMs: number, posts = 2): Ranking => ({
  id: `ranking-${String((made += 1)).padStart(8, '0')}`,
  rkey: feed.rkey,
  fingerprint: feed.fingerprint,
  viewerId: undefined,
  rankedAtMs,
  posts: Array.from({ length: posts }, (_, at) => ({
    actorId: 18_446_744_073_709_551_615n - BigInt(at),
    tid: 5n,
    uri: `at://did:plc:author${at}/app.bsky.feed.post/222222222222${at}`,
    score: 1.25 * at,
    langs: ['en'],
    tags: [],
    ...(at === 1 ? { reason: { kind: 'pin' as const }, context: 'about', parts: { likes: 3 } } : {}),
  })),
  report: {
    rows: posts,
    kept: posts,
    dropped: Object.fromEntries(FILTERS.map((filter) => [filter, 0])) as RankingReport['dropped'],
    tookMs: 5,
  },
});

/** A Redis that a test kills and starts again, on the same files. */
export interface RedisServer {
  readonly url: string;
  kill(): Promise<void>;
  start(): Promise<void>;
}

/** A Redis of its own, and connections to it. */
export interface RedisRoom extends AsyncDisposable {
  readonly server: RedisServer;
  connect(): Promise<Redis>;
  /** Ends what the test opened, and empties Redis. */
  tidy(): Promise<void>;
  onTidy(end: () => Promise<void>): void;
}

export const openRedisRoom = async (serverIn: (folder: string) => Promise<RedisServer>): Promise<RedisRoom> => {
  const folder = await mkdtemp(join(tmpdir(), 'skyflow-rankings-'));
  const server = await serverIn(folder);
  await server.start();
  const endings: (() => Promise<void>)[] = [];
  const connections: Redis[] = [];
  const connect = async (): Promise<Redis> => {
    const redis = new Redis(server.url, { retryStrategy: () => 50, maxRetriesPerRequest: 5 });
    redis.on('error', () => undefined);
    connections.push(redis);
    await vi.waitFor(() => expect(redis.status).toBe('ready'), { timeout: 10_000 });
    return redis;
  };
  return {
    server,
    connect,
    tidy: async () => {
      for (const end of endings.splice(0)) await end();
      await (await connect()).flushall();
      for (const redis of connections.splice(0)) redis.disconnect();
    },
    onTidy: (end) => void endings.push(end),
    [Symbol.asyncDispose]: async () => {
      await server.kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
};

/** One instance of the feed generator, as far as rankings go. */
export const openInstance = async (
  room: RedisRoom,
  options: { clock: Clock; ranker: Ranker; feeds: readonly Feed[]; running?: boolean } & Partial<RankingsOptions>,
): Promise<{ rankings: Rankings; redis: Redis; metrics: () => Promise<string> }> => {
  const redis = await room.connect();
  const registry = createMetrics();
  const log = createLogger({ level: 'silent' });
  const rankings = createRankings({ ...options, redis, log, registry, catalogue: { feeds: () => options.feeds } });
  const stop = new AbortController();
  const running =
    options.running === false
      ? []
      : rankings.services.map((service) =>
          service.run(stop.signal).catch((error: unknown) => {
            if (!stop.signal.aborted) throw error;
          }),
        );
  room.onTidy(async () => {
    stop.abort();
    await Promise.all(running);
  });
  return { rankings, redis, metrics: () => registry.metrics() };
};
