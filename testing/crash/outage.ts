import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type ClickHouseServer, startClickHouseServer } from '#testing/clickhouse-server/start.ts';
import { FrameLog } from '#testing/simulator/frame-log.ts';
import { type LiveFeed, wallClockUs } from '#testing/simulator/live.ts';
import { type Simulator, startSimulator } from '#testing/simulator/server.ts';
import { endOf, type Life, startLife } from './life.ts';
import { type RedisProcess, redisProcess } from './redis-process.ts';
import { endFrame } from './sentinel.ts';
import { createWorld } from '#testing/simulator/world.ts';
import { finish, verify } from './torture.ts';

/** How long and how hard. */
export interface OutageOptions {
  /** How long each store is away. */
  readonly awayMs: number;
  /** How long ClickHouse is frozen while everything in the log waits to be read. */
  readonly floodStallMs: number;
  /** Frames that wait when the flood begins: as many as a host can send at once, far more than the store can take. */
  readonly floodFrames: number;
  readonly liveRate: number;
  /** Told of each step. */
  readonly say: (line: string) => void;
}

/** What was seen. */
export interface OutageResult {
  /** Empty: the tables answer what the oracle answers, and no gap was recorded. */
  readonly failure: string;
  /** Frames that the host could send while ClickHouse was frozen: bounded by queues and buffers, not by the log. */
  readonly sentWhileFrozen: number;
  /** The indexer's largest memory in its whole life. */
  readonly peakRssMb: number;
  readonly frames: number;
}

interface Scene {
  readonly clickHouse: ClickHouseServer;
  readonly redis: RedisProcess;
  readonly host: Simulator;
  readonly life: Life;
  readonly feed: LiveFeed;
  readonly options: OutageOptions;
}

/** Waits until the indexer has made something new durable: it goes on. */
const goesOn = async (scene: Scene, after: string): Promise<void> => {
  const before = scene.life.report?.rows ?? 0;
  const went = await scene.life.until((life) => (life.report?.rows ?? 0) > before, 60_000);
  if (!went) throw new Error(`after ${after} nothing more was stored: ${scene.life.errors}`);
  scene.options.say(`${after}: it goes on`);
};

/** The host sends as fast as it may, and ClickHouse takes nothing. */
const flood = async (scene: Scene): Promise<number> => {
  const { clickHouse, host, life, options } = scene;
  // Frozen in the middle of the catching up, whatever the machine's speed.
  await life.until((one) => (one.report?.rows ?? 0) > 0, 60_000);
  await clickHouse.pause();
  await delay(options.floodStallMs / 2);
  const half = host.framesSent();
  await delay(options.floodStallMs / 2);
  const sent = host.framesSent() - half;
  clickHouse.resume();
  options.say(
    `frozen for ${options.floodStallMs / 1000} s under a flood: in its second half the host sent ${sent} frames more`,
  );
  await goesOn(scene, 'the flood');
  return sent;
};

const outages = async (scene: Scene): Promise<void> => {
  const { clickHouse, redis, options } = scene;
  await clickHouse.kill('SIGKILL');
  await delay(options.awayMs);
  await clickHouse.restart();
  await goesOn(scene, `ClickHouse killed, and away for ${options.awayMs / 1000} s`);
  await clickHouse.pause();
  await delay(options.awayMs);
  clickHouse.resume();
  await goesOn(scene, `ClickHouse frozen for ${options.awayMs / 1000} s`);
  await redis.kill();
  await delay(options.awayMs);
  await redis.start();
  await goesOn(scene, `Redis killed, and away for ${options.awayMs / 1000} s`);
};

const fill = (log: FrameLog, frames: number, startUs: number): ReturnType<typeof createWorld> => {
  const world = createWorld({
    seed: 41,
    accounts: 2_000,
    startUs,
    eventsPerSecond: frames / 60,
    mix: { remove: 10, editPost: 1, retargetLike: 1 },
  });
  for (let left = frames; left > 0; left -= 1) log.append([world.next()]);
  return world;
};

const play = async (scene: Scene, log: FrameLog, folder: string): Promise<OutageResult> => {
  const { host, life, clickHouse } = scene;
  const sentWhileFrozen = await flood(scene);
  await outages(scene);
  scene.feed.stop();
  const last = endFrame(Math.max(log.newestUs, wallClockUs()) + 1);
  host.append([last]);
  const ended = await finish(life, last.timeUs);
  const verdict = ended === '' ? await verify(clickHouse.url, log, join(folder, 'frames.jsonl')) : undefined;
  const gaps = (verdict?.gaps ?? 0) === 0 ? '' : `${verdict?.gaps} gaps recorded where none was`;
  const failure = [ended, verdict?.difference ?? '', gaps].filter((each) => each !== '').join('\n');
  return { failure, sentWhileFrozen, peakRssMb: life.report?.peakRssMb ?? 0, frames: log.end };
};

/** An indexer under load whose stores die, freeze and come back; then the comparison with the oracle. */
export const runOutages = async (options: OutageOptions): Promise<OutageResult> => {
  const folder = await mkdtemp(join(tmpdir(), 'skyflow-outage-'));
  const log = new FrameLog();
  const startUs = wallClockUs() - 70_000_000;
  const world = fill(log, options.floodFrames, startUs);
  const clickHouse = await startClickHouseServer({ path: join(folder, 'clickhouse') });
  const redis = await redisProcess(join(folder, 'redis'));
  await redis.start();
  const host = await startSimulator({ log });
  const life = startLife({
    urls: [host.url],
    folder: '',
    clickHouseUrl: clickHouse.url,
    requestTimeoutMs: 15_000,
    redisUrl: redis.url,
    redisPrefix: 'outage:',
    firstRunFromUs: startUs - 1_000_000,
    maxEvents: options.floodFrames > 100_000 ? 20_000 : 2_000,
    maxAgeMs: 300,
    silenceMs: 20_000,
  });
  try {
    const feed = host.publishAt({ world, eventsPerSecond: options.liveRate });
    return await play({ clickHouse, redis, host, life, feed, options }, log, folder);
  } finally {
    life.signal('SIGKILL');
    await endOf(life, 5_000);
    await host.close();
    await redis.kill();
    await clickHouse.kill();
    await rm(folder, { recursive: true, force: true });
  }
};
