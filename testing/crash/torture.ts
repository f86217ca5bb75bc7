import { execFile } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Redis } from 'ioredis';
import { endFrame } from './sentinel.ts';
import { FrameLog } from '#testing/simulator/frame-log.ts';
import { wallClockUs } from '#testing/simulator/live.ts';
import { type Simulator, startSimulator } from '#testing/simulator/server.ts';
import { FAULT_NAMES } from '#testing/simulator/fault-names.ts';
import type { World } from '#testing/simulator/world.ts';
import { createWorld } from '#testing/simulator/world.ts';
import type { ChildOrders } from './child.ts';
import { endOf, type Life, startLife } from './life.ts';
import { type Kill, type Plan, planOf } from './plan.ts';
import type { Verdict } from './verify.ts';

/** Where the tortures share a Redis and a folder. */
export interface TortureRoom {
  readonly folder: string;
  readonly redisUrl: string;
  readonly redis: Redis;
}

/** What became of one seed. */
export interface TortureResult {
  readonly seed: number;
  /** Empty: it passed. Otherwise what is wrong, in words. */
  readonly failure: string;
  readonly kills: number;
  readonly frames: number;
  readonly seconds: number;
}

const historyMs = 30_000;
/** How long a life that is to die at a point may go without passing it. */
const killPatienceMs = 6_000;
const finishMs = 60_000;
const verifyFile = fileURLToPath(new URL('verify.ts', import.meta.url));

const worldOf = (plan: Plan, startUs: number): World =>
  createWorld({
    seed: plan.seed,
    accounts: plan.accounts,
    startUs,
    eventsPerSecond: plan.historyFrames / (historyMs / 1000),
    mix: { remove: 15, editPost: 3, retargetLike: 3, account: 1, identity: 1 },
    ...(plan.hostile === 0
      ? {}
      : { hostile: { probability: plan.hostile, faults: FAULT_NAMES.filter((name) => name !== 'huge-record') } }),
  });

const ordersOf = (plan: Plan, room: TortureRoom, hosts: readonly Simulator[], firstRunFromUs: number): ChildOrders => ({
  urls: hosts.map((host) => host.url),
  folder: join(room.folder, `seed-${plan.seed}`, 'clickhouse'),
  redisUrl: room.redisUrl,
  redisPrefix: `torture-${plan.seed}:`,
  firstRunFromUs,
  maxEvents: plan.maxEvents,
  maxAgeMs: plan.maxAgeMs,
  silenceMs: 700,
});

/** One life that ends as it is told to. */
const liveAndDie = async (orders: ChildOrders, kill: Kill): Promise<string> => {
  const life = startLife({ ...orders, ...(kill.at === 'point' ? { killAt: kill } : {}) });
  if (kill.at === 'time') {
    await life.until((one) => one.reading, killPatienceMs);
    if (life.ended === undefined) await delay(kill.afterMs);
    life.signal('SIGKILL');
  }
  const end = await endOf(life, killPatienceMs);
  return end.signal === 'SIGKILL' ? '' : `a life ended by itself (${end.code}): ${life.errors}`;
};

/** Nobody kills it: everything up to the last frame gets in, then it is told to stop. */
export const finish = async (life: Life, lastUs: number): Promise<string> => {
  const arrived = await life.until((one) => (one.report?.durableUs ?? 0) >= lastUs, finishMs);
  life.signal('SIGTERM');
  const end = await endOf(life, 15_000);
  if (!arrived) return `the last frame did not become durable in time: ${JSON.stringify(life.report)} ${life.errors}`;
  return end.code === 0 ? '' : `the last life ended with ${end.code ?? end.signal}: ${life.errors}`;
};

/** Compares a database with the oracle over everything the log ever held. */
export const verify = async (where: string, log: FrameLog, framesFile: string): Promise<Verdict> => {
  const texts: string[] = [];
  for (let at = log.start; at < log.end; at += 1) texts.push(JSON.stringify(log.at(at)?.data.toString()));
  await writeFile(framesFile, texts.join('\n'));
  const { stdout } = await promisify(execFile)(process.execPath, [verifyFile, where, framesFile], {
    maxBuffer: 64_000_000,
  });
  return JSON.parse(stdout) as Verdict;
};

const runPlan = async (plan: Plan, room: TortureRoom): Promise<{ failure: string; frames: number }> => {
  const startUs = wallClockUs() - historyMs * 1000;
  const world = worldOf(plan, startUs);
  const log = new FrameLog();
  log.append(
    Array.from({ length: plan.historyFrames }, () => world.next()).filter((frame) => frame.timeUs < wallClockUs()),
  );
  const first = await startSimulator({ log, faults: plan.faults });
  const second = await startSimulator({ log, timeOffsetUs: 3_000 });
  const hosts = plan.secondHost ? [first, second] : [first];
  const orders = ordersOf(plan, room, hosts, startUs - 1_000_000);
  try {
    const feed = first.publishAt({ world, eventsPerSecond: plan.liveRate });
    for (const [life, kill] of plan.kills.entries()) {
      if (plan.wipeBeforeLife === life) await room.redis.del(`${orders.redisPrefix}indexer:cursor`);
      const failure = await liveAndDie(orders, kill);
      if (failure !== '') return { failure, frames: log.end };
    }
    const last = startLife(orders);
    await last.until((one) => one.reading, finishMs);
    feed.stop();
    const lastFrame = endFrame(Math.max(log.newestUs, wallClockUs()) + 1);
    log.append([lastFrame]);
    const failure = await finish(last, lastFrame.timeUs);
    if (failure !== '') return { failure, frames: log.end };
    const verdict = await verify(orders.folder, log, join(orders.folder, '..', 'frames.jsonl'));
    const gaps = verdict.gaps === 0 ? '' : `${verdict.gaps} gaps recorded where none was`;
    return { failure: [verdict.difference, gaps].filter((each) => each !== '').join('\n'), frames: log.end };
  } finally {
    await first.close();
    await second.close();
    await room.redis.del(`${orders.redisPrefix}indexer:cursor`);
  }
};

/** One seed from its first life to its verdict. A seed that failed leaves its folder and frames behind. */
export const tortureSeed = async (seed: number, room: TortureRoom): Promise<TortureResult> => {
  const startedMs = performance.now();
  const plan = planOf(seed);
  const folder = join(room.folder, `seed-${seed}`);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  let outcome: { failure: string; frames: number };
  try {
    outcome = await runPlan(plan, room);
  } catch (error) {
    outcome = { failure: String(error), frames: 0 };
  }
  if (outcome.failure === '') await rm(folder, { recursive: true, force: true });
  return { seed, ...outcome, kills: plan.kills.length, seconds: (performance.now() - startedMs) / 1000 };
};
