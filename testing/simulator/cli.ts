import { FrameLog } from './frame-log.ts';
import type { LiveFeed } from './live.ts';
import { wallClockUs } from './live.ts';
import { type Simulator, startSimulator } from './server.ts';
import type { TransportFault } from './transport-faults.ts';
import { createWorld, type HostileOptions, type World } from './world.ts';

/** What a simulation reports to: a pino logger fits. */
export interface SimulationLog {
  info(fields: object, message: string): void;
}

/** How to run a simulated network in real time. */
export interface SimulateOptions {
  /** TCP port; 0 takes a free one. */
  port: number;
  host: string;
  /** Events per second from now on. */
  rate: number;
  seed: number;
  accounts: number;
  /** How much history is there before the first live event. */
  historyMs: number;
  faults?: readonly TransportFault[];
  hostile?: HostileOptions;
  /** How much is kept for readers that come back, by default the look-back of the public hosts, 36 h. At most 500,000 frames. */
  lookBackMs?: number;
  log: SimulationLog;
  /** Ends the simulation. */
  signal?: AbortSignal;
}

/** A simulation that is running. */
export interface Simulation {
  readonly url: string;
  readonly simulator: Simulator;
  readonly world: World;
  readonly feed: LiveFeed;
  /** Every frame it has served, history first. */
  readonly frames: FrameLog;
  /** Stops it; harmless when it has stopped already. */
  stop(): Promise<void>;
  /** Settles when it has stopped. */
  readonly finished: Promise<void>;
}

/** The public hosts keep a day and a half. */
const LOOK_BACK_MS = 36 * 3_600_000;
/** History is thinned to this many frames. */
const MAX_HISTORY_FRAMES = 200_000;
/** However long it runs, no more than this is kept: about 400 MB. */
const MAX_FRAMES_KEPT = 500_000;
/** Frames made between two turns of the event loop. */
const HISTORY_BATCH = 2_000;

const fillHistory = async (log: FrameLog, world: World, untilUs: number): Promise<number> => {
  for (;;) {
    const batch = [];
    while (batch.length < HISTORY_BATCH && world.nowUs() < untilUs) batch.push(world.next());
    if (batch.length === 0) return log.end;
    log.append(batch);
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
};

/**
 * Makes a world whose history ends now, serves it, and lets it go on at `rate` events a second. Resolves when the
 * host listens. Rejects where the port cannot be listened on.
 */
export const simulate = async (options: SimulateOptions): Promise<Simulation> => {
  const { port, host, rate, seed, accounts, historyMs, signal } = options;
  const startedUs = wallClockUs();
  const density = Math.min(rate, MAX_HISTORY_FRAMES / Math.max(1, historyMs / 1000));
  const world = createWorld({
    seed,
    accounts,
    startUs: startedUs - historyMs * 1000,
    eventsPerSecond: Math.max(density, 0.001),
    ...(options.hostile === undefined ? {} : { hostile: options.hostile }),
  });
  const log = new FrameLog(MAX_FRAMES_KEPT);
  const history = historyMs > 0 ? await fillHistory(log, world, startedUs) : 0;
  const lookBackMs = options.lookBackMs ?? LOOK_BACK_MS;
  const simulator = await startSimulator({ log, port, host, faults: options.faults ?? [], lookBackMs });
  const feed = simulator.publishAt({ world, eventsPerSecond: rate });
  options.log.info({ url: simulator.url, history, rate, accounts, seed }, 'the simulated network is running');
  const ended = Promise.withResolvers<void>();
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    stopping ??= simulator.close().then(ended.resolve, ended.reject);
    return ended.promise;
  };
  signal?.addEventListener('abort', () => void stop(), { once: true });
  if (signal?.aborted === true) void stop();
  return { url: simulator.url, simulator, world, feed, frames: log, stop, finished: ended.promise };
};
