import { randomBytes } from 'node:crypto';
import type { Hono } from 'hono';
import type { Redis } from 'ioredis';
import type { Bus } from '#pkg/bus/client.ts';
import { ack, consumeBatch, type ReceivedEvent } from '#pkg/bus/consume-batch.ts';
import { EVENTS } from '#pkg/bus/events.ts';
import type { Tier } from '#pkg/contracts/tiers.ts';
import type { Clock } from '#pkg/runtime/clock.ts';
import type { Service } from '#pkg/runtime/lifecycle.ts';
import type { Logger } from '#pkg/runtime/log.ts';
import type { Registry } from '#pkg/runtime/metrics.ts';
import type { Checks } from './authenticate.ts';
import { Door } from './door.ts';
import { fanIn } from './fan-in.ts';
import { FanOutWriter } from './fan-out-writer.ts';
import { Follower } from './follower.ts';
import { eventFrame, type Frame } from './frames.ts';
import { History } from './history.ts';
import { Hub } from './hub.ts';
import { DEFAULT_LIMITS, type GatewayLimits } from './limits.ts';
import { createGatewayMetrics, type GatewayMetrics, registerGauges } from './metrics.ts';
import { Presence } from './presence.ts';
import { sseRoutes } from './routes.ts';
import { streamSource } from './stream-source.ts';
import { heartbeats, upkeep } from './upkeep.ts';

/** What a gateway needs. */
export interface GatewayOptions extends Checks {
  readonly redis: Redis;
  /** A second connection: one that subscribes can do nothing else. */
  readonly subscriber: Redis;
  readonly bus: Bus;
  /** Default: everybody is on the lowest tier. */
  readonly tierOf?: (userId: string) => Promise<Tier>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly registry: Registry;
  readonly limits?: Partial<GatewayLimits>;
  /** In [0, 1); default Math.random. */
  readonly random?: () => number;
}

/** A gateway: its route `GET /sse`, and the services that must run for it to work. */
export interface Gateway {
  readonly app: Hono;
  readonly services: Service[];
  /** For the status page: open connections, and whether the stream is known. */
  status(): { connections: number; users: number; ready: boolean };
}

const REALTIME_EVENTS = [
  EVENTS.realtimeAnalysisCompleted,
  EVENTS.realtimeAnalysisFailed,
  EVENTS.realtimeXpEarned,
  EVENTS.realtimeAchievementUnlocked,
  EVENTS.realtimeLevelUp,
  EVENTS.realtimeStreakBroken,
  EVENTS.realtimeTierLimitWarning,
] as const;

/**
 * Server-sent events for signed-in users: what REALTIME holds, to each user's connections on any instance. Pub/sub is for
 * speed, the stream for truth (docs/decisions/0017).
 */
export function createGateway(options: GatewayOptions): Gateway {
  const { redis, subscriber, bus, clock, registry, random = Math.random } = options;
  const log = options.log.child({ component: 'realtime' });
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const metrics = createGatewayMetrics(registry);
  const history = new History(limits);
  const hub = new Hub();
  // No ':' in it: presence separates by that.
  const instance = randomBytes(9).toString('base64url');
  const presence = new Presence(redis, instance);
  const follower = new Follower({
    history,
    metrics,
    limits,
    clock,
    log,
    source: streamSource(bus, log),
    onFrame: (frame) => hub.deliver(frame),
    onRestart: () => {
      for (const connection of hub.all()) connection.restart();
    },
  });
  const context = { history, metrics, bufferEvents: limits.bufferEvents, nowMs: () => clock.nowMs() };
  const door = new Door({ context, hub, follower, presence, limits, metrics, clock });
  const { tierOf = () => Promise.resolve<Tier>('drift'), verifier, redeem } = options;
  const app = sseRoutes({ verifier, redeem, tierOf, door, metrics, limits, log });
  registerGauges(registry, {
    connections: () => hub.size,
    users: () => hub.users,
    historyEvents: () => history.events,
    historyBytes: () => history.bytes,
  });
  const durable = takeFromBus(options, { follower, metrics, instance, maxDataLength: limits.maxDataLength });
  const onFanOut = fanIn({
    subscriber,
    instance,
    metrics,
    clock,
    log,
    onFanOut: ({ incarnation, frame }) => follower.offer(incarnation, frame, 'pubsub'),
  });
  const care = { hub, door, presence, redis, limits, clock, log, random };
  return {
    app,
    services: [follower, durable, onFanOut, heartbeats(care), ...upkeep(care)],
    status: () => ({ connections: hub.size, users: hub.users, ready: follower.isReady }),
  };
}

interface Taking {
  readonly follower: Follower;
  readonly metrics: GatewayMetrics;
  readonly instance: string;
  readonly maxDataLength: number;
}

/** Takes events from the durable that all instances share, delivers them here, and passes them on to the others. */
function takeFromBus({ bus, redis, clock, log, registry }: GatewayOptions, taking: Taking): Service {
  const { follower, metrics, instance, maxDataLength } = taking;
  const others = new FanOutWriter(redis, instance, metrics);
  return consumeBatch({
    bus,
    clock,
    log,
    registry,
    durable: 'realtime-gateway',
    event: REALTIME_EVENTS,
    handler: async (events) => {
      const { incarnation } = follower;
      const done = events.map(() => ack);
      // Not sure which life of the stream these are of: they are acknowledged, and read from the stream.
      if (incarnation === undefined) return done;
      const frames: Frame[] = [];
      for (const event of events) {
        const frame = frameOf(event, incarnation, maxDataLength);
        if (frame === undefined) metrics.refusals.inc('not_a_frame');
        else frames.push(frame);
      }
      for (const frame of frames) follower.offer(incarnation, frame, 'durable');
      await Promise.all(frames.map((frame) => others.tell(incarnation, frame)));
      return done;
    },
  });
}

type RealtimeReceived = ReceivedEvent<(typeof REALTIME_EVENTS)[number]>;

function frameOf(event: RealtimeReceived, incarnation: string, maxDataLength: number): Frame | undefined {
  const { eventId, correlationId, streamSequence: sequence } = event;
  const { userId, name, data } = event.message;
  return eventFrame({ incarnation, sequence }, { userId, name, data, eventId, correlationId }, maxDataLength);
}
