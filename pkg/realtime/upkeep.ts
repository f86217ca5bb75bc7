import type { Redis } from 'ioredis';
import type { Clock } from '#pkg/runtime/clock.ts';
import type { Service } from '#pkg/runtime/lifecycle.ts';
import type { Logger } from '#pkg/runtime/log.ts';
import type { Door } from './door.ts';
import type { Hub } from './hub.ts';
import type { GatewayLimits } from './limits.ts';
import { ALIVE_MS, type Presence } from './presence.ts';
import { endedSessions } from './session-check.ts';

/** What the services that look after open connections need. */
export interface UpkeepOptions {
  readonly hub: Hub;
  readonly door: Door;
  readonly presence: Presence;
  readonly redis: Redis;
  readonly limits: GatewayLimits;
  readonly clock: Clock;
  readonly log: Logger;
  /** In [0, 1). */
  readonly random: () => number;
}

const TICK_MS = 1_000;
/** How long clients may take to read their last words at a shutdown. Below the time that an HTTP server gives them. */
const GOODBYE_MS = 1_500;
const GOODBYE_POLL_MS = 20;

/** Heartbeats while it runs; a farewell with a pause of its own to each client when it is to stop. */
export function heartbeats({ hub, door, presence, limits, clock, random }: UpkeepOptions): Service {
  return {
    name: 'realtime connections',
    async run(signal) {
      while (!signal.aborted) {
        await clock.sleep(TICK_MS, signal).catch(() => undefined);
        if (!signal.aborted) hub.tick(clock.nowMs(), limits);
      }
      door.draining = true;
      const { min, max } = limits.shutdownRetryMs;
      const open = hub.all();
      for (const connection of open) connection.end('shutdown', min + random() * (max - min));
      await presence.leave(open);
      const untilMs = clock.nowMs() + GOODBYE_MS;
      while (hub.size > 0 && clock.nowMs() < untilMs) await clock.sleep(GOODBYE_POLL_MS);
      for (const connection of hub.all()) connection.cut('shutdown');
    },
  };
}

/** Keeps presence alive, and closes connections whose sessions have ended. While Redis is away everything stays open. */
export function upkeep(options: UpkeepOptions): Service[] {
  const { hub, presence, redis, limits } = options;
  return [
    every(options, { name: 'realtime presence', periodMs: ALIVE_MS, work: () => presence.alive() }),
    every(options, {
      name: 'realtime presence refresh',
      periodMs: limits.presenceRefreshMs,
      work: () => presence.refresh(hub.all()),
    }),
    every(options, {
      name: 'realtime session check',
      periodMs: limits.sessionCheckMs,
      work: async () => {
        const open = hub.all();
        const ended = await endedSessions(redis, new Set(open.map(({ sid }) => sid)));
        for (const connection of open) if (ended.has(connection.sid)) connection.end('session_ended');
      },
    }),
  ];
}

interface Periodic {
  readonly name: string;
  readonly periodMs: number;
  readonly work: () => Promise<void>;
}

/** Works at once and then again and again; a failure is logged once, until it works again. */
function every({ clock, log }: UpkeepOptions, { name, periodMs, work }: Periodic): Service {
  return {
    name,
    async run(signal) {
      let isFailing = false;
      while (!signal.aborted) {
        try {
          await work();
          isFailing = false;
        } catch (error) {
          if (!isFailing && !signal.aborted)
            log.warn({ err: error, service: name }, 'Redis cannot be used; trying again');
          isFailing = true;
        }
        await clock.sleep(isFailing ? Math.min(periodMs, 5_000) : periodMs, signal).catch(() => undefined);
      }
    },
  };
}
