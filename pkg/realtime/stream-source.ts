import { fromBinary } from '@bufbuild/protobuf';
import { AckPolicy, type Consumer, DeliverPolicy, JetStreamApiCodes, JetStreamApiError } from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import type { Bus } from '#pkg/bus/client.ts';
import { ensureStream } from '#pkg/bus/streams.ts';
import type { Logger } from '#pkg/runtime/log.ts';
import { RealtimeEventSchema } from '#proto/skyflow/events/v1/realtime_pb.js';
import type { RealtimeFields } from './frames.ts';
import { incarnationOf } from './position.ts';

/** What the stream holds at this moment. */
export interface StreamState {
  readonly incarnation: string;
  /** The oldest event it holds; one past `lastSequence` when it holds none. */
  readonly firstSequence: number;
  readonly lastSequence: number;
}

/** An event of the stream; undefined where its bytes are none. */
export interface StreamEvent {
  readonly sequence: number;
  readonly event: RealtimeFields | undefined;
}

/** The REALTIME stream, as the truth about which events there are. Everything rejects while the bus is away. */
export interface StreamSource {
  /** Makes the stream anew where a restart of NATS took it away. */
  state(): Promise<StreamState>;
  /**
   * The events from `from` to `to`, as far as the stream holds them, in order and in portions. A sequence that is skipped
   * is gone.
   */
  read(from: number, to: number): AsyncIterable<readonly StreamEvent[]>;
  /** Calls back when the connection is lost: whatever was known of the stream may be wrong afterwards. */
  onLost(callback: () => void): Disposable;
}

const STREAM = 'REALTIME';
const PORTION = 500;
/** How long the server keeps a reader that we did not delete. */
const READER_TTL_MS = 30_000;
const PORTION_WAIT_MS = 2_000;

/** Reads the stream on `bus`. */
export function streamSource(bus: Bus, log: Logger): StreamSource {
  const info = async () => {
    try {
      return await bus.jsm.streams.info(STREAM);
    } catch (error) {
      if (!(error instanceof JetStreamApiError) || error.code !== JetStreamApiCodes.StreamNotFound) throw error;
      await ensureStream(bus, STREAM, log);
      return bus.jsm.streams.info(STREAM);
    }
  };
  return {
    async state() {
      const { created, state } = await info();
      const lastSequence = state.last_seq;
      // Without messages a server says 0 or last + 1, as it is by version.
      const firstSequence = state.messages === 0 ? lastSequence + 1 : state.first_seq;
      return { incarnation: incarnationOf(Date.parse(created)), firstSequence, lastSequence };
    },
    read: (from, to) => read(bus, from, to),
    onLost(callback) {
      const statuses = bus.nc.status();
      const watching = async () => {
        for await (const { type } of statuses) if (type === 'disconnect') callback();
      };
      watching().catch((error: unknown) => log.error({ err: error }, 'the watch over the NATS connection failed'));
      return {
        [Symbol.dispose]() {
          if ('stop' in statuses && typeof statuses.stop === 'function') statuses.stop();
        },
      };
    },
  };
}

/** A reader of its own, without acknowledgements: the shared durable's place is not touched. */
async function* read(bus: Bus, from: number, to: number): AsyncGenerator<readonly StreamEvent[]> {
  const { name } = await bus.jsm.consumers.add(STREAM, {
    ack_policy: AckPolicy.None,
    deliver_policy: DeliverPolicy.StartSequence,
    opt_start_seq: from,
    inactive_threshold: nanos(READER_TTL_MS),
    mem_storage: true,
  });
  const reader = await bus.js.consumers.get(STREAM, name);
  try {
    for (let next = from; next <= to;) {
      const { events, pending } = await portion(reader, Math.min(PORTION, to - next + 1));
      if (events.length > 0) yield events;
      next = (events.at(-1)?.sequence ?? next) + 1;
      // Nothing more: the rest aged out while we read. Nothing came although there is more: let the caller try again.
      if (pending === 0) return;
      if (events.length === 0) throw new Error(`no answer from stream ${STREAM} within ${PORTION_WAIT_MS} ms`);
    }
  } finally {
    await reader.delete().catch(() => undefined);
  }
}

async function portion(reader: Consumer, count: number) {
  const events: StreamEvent[] = [];
  let pending = Infinity;
  const messages = await reader.fetch({ max_messages: count, expires: PORTION_WAIT_MS });
  for await (const message of messages) {
    pending = message.info.pending;
    events.push({ sequence: message.seq, event: decode(message.data) });
    // Otherwise the fetch waits for messages that do not exist.
    if (pending === 0) break;
  }
  if (events.length === 0) pending = (await reader.info()).num_pending;
  return { events, pending };
}

function decode(bytes: Uint8Array): RealtimeFields | undefined {
  try {
    const { base, userId, name, data } = fromBinary(RealtimeEventSchema, bytes);
    if (base === undefined) return undefined;
    return { userId, name, data, eventId: base.eventId, correlationId: base.correlationId };
  } catch {
    return undefined;
  }
}
