import type { Redis } from 'ioredis';
import { encodeFanOut, FAN_OUT_CHANNEL } from './fan-out.ts';
import type { Frame } from './frames.ts';
import type { GatewayMetrics } from './metrics.ts';
import { orLate } from '#pkg/runtime/waiting.ts';

const TIMEOUT_MS = 2_000;

/**
 * Passes frames on to the other instances. They find in the stream what does not reach them, so a Redis that is away
 * delays nobody and turns nothing into a dead letter.
 * Frames of one turn of the event loop go out in one write: a write each took longer than all else that is done for one.
 */
export class FanOutWriter {
  readonly #redis: Redis;
  readonly #instance: string;
  readonly #metrics: GatewayMetrics;
  #waiting: string[] = [];
  #sending: Promise<void> | undefined;

  constructor(redis: Redis, instance: string, metrics: GatewayMetrics) {
    this.#redis = redis;
    this.#instance = instance;
    this.#metrics = metrics;
  }

  /** Resolves when Redis has it, or will not have it. Never rejects. */
  tell(incarnation: string, frame: Frame): Promise<void> {
    this.#waiting.push(encodeFanOut({ origin: this.#instance, incarnation, frame }));
    this.#sending ??= new Promise((resolve) => {
      setImmediate(() => resolve(this.#send()));
    });
    return this.#sending;
  }

  async #send(): Promise<void> {
    const messages = this.#waiting;
    this.#waiting = [];
    this.#sending = undefined;
    if (this.#redis.status === 'ready') {
      const pipeline = this.#redis.pipeline();
      for (const message of messages) pipeline.publish(FAN_OUT_CHANNEL, message);
      const sent = pipeline.exec().then(
        (answers) => answers?.every(([error]) => error === null) ?? false,
        () => false,
      );
      if (await orLate(sent, TIMEOUT_MS, false)) return;
    }
    this.#metrics.refusals.inc('not_passed_on', messages.length);
  }
}
