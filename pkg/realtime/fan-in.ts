import type { Redis } from 'ioredis';
import { backoff } from '#pkg/runtime/backoff.ts';
import type { Clock } from '#pkg/runtime/clock.ts';
import type { Service } from '#pkg/runtime/lifecycle.ts';
import type { Logger } from '#pkg/runtime/log.ts';
import { aborted } from '#pkg/runtime/waiting.ts';
import { decodeFanOut, type FanOut, FAN_OUT_CHANNEL } from './fan-out.ts';
import type { GatewayMetrics } from './metrics.ts';

/** What `fanIn` needs. */
export interface FanInOptions {
  /** A connection of its own: one that subscribes can do nothing else. */
  readonly subscriber: Redis;
  /** This instance, whose own messages are passed over. */
  readonly instance: string;
  readonly metrics: GatewayMetrics;
  readonly clock: Clock;
  readonly log: Logger;
  readonly onFanOut: (message: FanOut) => void;
}

/** Listens to what other instances took from the stream. What is said while Redis is away is lost, and is read from the stream. */
export function fanIn(options: FanInOptions): Service {
  const { subscriber, instance, metrics, clock, log, onFanOut } = options;
  const own = `${instance} `;
  const onMessage = (channel: string, message: string) => {
    if (channel !== FAN_OUT_CHANNEL || message.startsWith(own)) return;
    const decoded = decodeFanOut(message);
    if (decoded === undefined) metrics.refusals.inc('bad_fan_out');
    else onFanOut(decoded);
  };
  return {
    name: 'realtime fan-in',
    async run(signal) {
      const pauses = backoff({ minMs: 100, maxMs: 5_000, clock });
      subscriber.on('message', onMessage);
      // The other connection to the same Redis says when it is away.
      subscriber.on('error', () => undefined);
      try {
        while (!signal.aborted) {
          try {
            // Once subscribed, ioredis subscribes again by itself after every new connection.
            await subscriber.subscribe(FAN_OUT_CHANNEL);
            break;
          } catch (error) {
            log.warn({ err: error }, 'cannot listen to the other instances; trying again');
            await pauses.next(signal).catch(() => undefined);
          }
        }
        await aborted(signal);
      } finally {
        subscriber.off('message', onMessage);
        if (subscriber.status === 'ready') await subscriber.unsubscribe(FAN_OUT_CHANNEL).catch(() => undefined);
      }
    },
  };
}
