import { fromBinary } from '@bufbuild/protobuf';
import type { Bus } from '#pkg/bus/client.ts';
import { ack, consume } from '#pkg/bus/consume.ts';
import { EVENTS } from '#pkg/bus/events.ts';
import { systemClock } from '#pkg/runtime/clock.ts';
import { createLogger } from '#pkg/runtime/log.ts';
import { RealtimeEventSchema } from '#proto/skyflow/events/v1/realtime_pb.js';

/** What a client would be shown. */
export interface SeenFrame {
  readonly userId: string;
  readonly name: string;
  readonly data: Readonly<Record<string, unknown>>;
  /** How often it came. */
  readonly times: number;
}

/** Stands where the gateway stands: takes every frame from its durable. */
export interface Recorder {
  /** By event id. */
  readonly frames: ReadonlyMap<string, SeenFrame>;
  /** Ids that came again with another content. */
  readonly changed: ReadonlySet<string>;
  stop(): Promise<void>;
}

const FRAMES = [
  EVENTS.realtimeXpEarned,
  EVENTS.realtimeAchievementUnlocked,
  EVENTS.realtimeStreakBroken,
  EVENTS.realtimeLevelUp,
] as const;

export const startRecorder = (bus: Bus): Recorder => {
  const frames = new Map<string, SeenFrame>();
  const changed = new Set<string>();
  const stopping = new AbortController();
  const service = consume({
    bus,
    durable: 'realtime-gateway',
    event: FRAMES,
    concurrency: 100,
    clock: systemClock,
    log: createLogger({ level: 'silent' }),
    handler: ({ eventId, message }) => {
      const { userId, name, data = {} } = message;
      const before = frames.get(eventId);
      const content = JSON.stringify([userId, name, data]);
      if (before !== undefined && JSON.stringify([before.userId, before.name, before.data]) !== content) {
        changed.add(eventId);
      }
      frames.set(eventId, { userId, name, data, times: (before?.times ?? 0) + 1 });
      return Promise.resolve(ack);
    },
  });
  const running = service.run(stopping.signal);
  return {
    frames,
    changed,
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
};

/** A message of a stream. */
export interface StoredMessage {
  readonly subject: string;
  readonly data: Uint8Array;
  header(name: string): string;
}

/** Every message that a stream still holds, in order. */
export async function* messagesOf(bus: Bus, stream: string): AsyncGenerator<StoredMessage> {
  const { state } = await bus.jsm.streams.info(stream);
  if (state.messages === 0) return;
  const consumer = await bus.js.consumers.get(stream, { deliver_policy: 'all' as never });
  let left = state.messages;
  while (left > 0) {
    const batch = await consumer.fetch({ max_messages: Math.min(left, 1_000), expires: 5_000 });
    let came = 0;
    for await (const { subject, data, headers } of batch) {
      came += 1;
      yield { subject, data, header: (name) => headers?.get(name) ?? '' };
    }
    if (came === 0) throw new Error(`stream ${stream} stopped with ${left} messages left`);
    left -= came;
  }
}

/** For a message in hand. */
export const readFrame = (bytes: Uint8Array) => fromBinary(RealtimeEventSchema, bytes);
