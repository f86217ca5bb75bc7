import type { FrameLog } from './frame-log.ts';
import type { World } from './world.ts';

/** How to let a world happen in real time. */
export interface LiveOptions {
  world: World;
  log: FrameLog;
  eventsPerSecond: number;
  /** Milliseconds between two deliveries; frames in between are stamped evenly. Default 20. */
  tickMs?: number;
  /** Called after each delivery, for instance to trim the log. */
  onAppend?: () => void;
}

/** A world that is happening. */
export interface LiveFeed {
  /** Changes the rate from now on; 0 pauses the world. */
  setRate(eventsPerSecond: number): void;
  /** Frames appended so far. */
  published(): number;
  stop(): void;
}

const MAX_FRAMES_A_TICK = 20_000;

/** Now on the machine's clock, in microseconds since 1970. */
export const wallClockUs = (): number => Math.floor((performance.timeOrigin + performance.now()) * 1000);

/**
 * Draws frames from a world at a steady rate, stamps them with the machine's time and appends them to the log.
 * A process that was held up catches up, but by at most 20,000 frames a tick.
 */
export const publishLive = (options: LiveOptions): LiveFeed => {
  const { world, log } = options;
  let rate = options.eventsPerSecond;
  let published = 0;
  let owed = 0;
  let lastUs = wallClockUs();
  const tick = (): void => {
    const nowUs = wallClockUs();
    const sinceUs = Math.max(0, nowUs - lastUs);
    owed = Math.min(owed + (sinceUs * rate) / 1_000_000, MAX_FRAMES_A_TICK);
    const count = Math.floor(owed);
    const fromUs = lastUs;
    lastUs = nowUs;
    if (count === 0) return;
    owed -= count;
    published += count;
    log.append(Array.from({ length: count }, (_, index) => world.next(fromUs + (sinceUs * (index + 1)) / count)));
    options.onAppend?.();
  };
  const timer = setInterval(tick, options.tickMs ?? 20);
  return {
    setRate: (eventsPerSecond) => {
      rate = eventsPerSecond;
    },
    published: () => published,
    stop: () => clearInterval(timer),
  };
};
