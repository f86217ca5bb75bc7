import { systemClock } from '#pkg/runtime/clock.ts';
import type { Logger } from '#pkg/runtime/log.ts';
import { unlessAborted } from '#pkg/runtime/waiting.ts';
import { AckBox } from './ack-box.ts';
import { type Bus, untilConnected } from './client.ts';
import type { BusEvent } from './events.ts';
import { withMessageId } from './message-id.ts';
import { streamOf } from './stream-table.ts';
import { ensureStream } from './streams.ts';

/** The header with the id of the request that caused a message, for who reads along without decoding. */
export const CORRELATION_HEADER = 'Skyflow-Correlation-Id';

/** Where a stream put a message. */
export interface Published {
  /** The stream had it already (the same message id within its window). */
  duplicate: boolean;
  /** Its place in the stream; that of the first one where it is a duplicate. */
  sequence: number;
}

/** Publishes events. */
export interface Publisher {
  /**
   * Resolves when the stream has the event, with the event id as its message id.
   * Rejects when it is not acknowledged within 5 s, or with the signal's AbortError; it may then be stored or not, so the
   * same event, with the same id, is to be published again.
   */
  publish(event: BusEvent, signal?: AbortSignal): Promise<Published>;
}

/** A message whose bytes are what they are. */
export interface RawPublish {
  subject: string;
  bytes: Uint8Array;
  messageId: string;
  headers?: ReadonlyMap<string, string>;
}

const TIMEOUT_MS = 5_000;

/** A publisher over this connection. `log` hears of streams that had to be made anew. */
export function createPublisher(bus: Bus, log?: Logger): Publisher {
  return {
    publish({ subject, bytes, eventId, correlationId }, signal) {
      const headers = new Map([[CORRELATION_HEADER, correlationId]]);
      return send(bus, { subject, bytes, messageId: eventId, headers }, { signal, log });
    },
  };
}

/** Publishes bytes as they are, as `Publisher.publish` does with an event. */
export async function publishRaw(bus: Bus, message: RawPublish): Promise<Published> {
  return send(bus, message, {});
}

interface SendOptions {
  signal?: AbortSignal | undefined;
  log?: Logger | undefined;
}

const boxes = new WeakMap<Bus, AckBox>();

function boxOf(bus: Bus): AckBox {
  const known = boxes.get(bus);
  if (known !== undefined) return known;
  const box = new AckBox(bus);
  boxes.set(bus, box);
  return box;
}

async function send(bus: Bus, message: RawPublish, { signal, log }: SendOptions): Promise<Published> {
  signal?.throwIfAborted();
  const { subject, bytes, messageId } = message;
  const others = [...(message.headers ?? [])].map(([name, value]) => [name, [value]] as const);
  const parcel = { subject, bytes, headers: withMessageId(messageId, others) };
  const lateAtMs = performance.now() + TIMEOUT_MS;
  let isRestored = false;
  for (;;) {
    // Nothing is handed to a connection that is down: it would keep it in memory without bound, or lose it.
    if (bus.downSinceMs !== undefined) {
      await inTime(subject, { lateAtMs, signal }, (stop) => untilConnected(bus, systemClock, stop));
    }
    const answer = await boxOf(bus).send(parcel, lateAtMs - performance.now(), signal);
    switch (answer.kind) {
      case 'stored':
        return { duplicate: answer.duplicate, sequence: answer.sequence };
      case 'lost':
        // Once more under its id: should the stream have it, it says so.
        break;
      case 'nobody': {
        // REALTIME is in memory and gone after a restart of the server.
        const stream = streamOf(subject);
        if (stream === undefined || isRestored) throw new Error(`no stream takes ${subject}`);
        await inTime(subject, { lateAtMs, signal }, () => ensureStream(bus, stream, log));
        isRestored = true;
        break;
      }
      case 'late':
        throw notInTime(subject);
      case 'aborted':
        throw abortError(signal);
      case 'refused':
        throw answer.error;
    }
  }
}

interface Limits {
  lateAtMs: number;
  signal: AbortSignal | undefined;
}

/** What else a message may have to wait for, within its time. */
async function inTime(
  subject: string,
  { lateAtMs, signal }: Limits,
  work: (stop: AbortSignal) => Promise<unknown>,
): Promise<void> {
  const late = AbortSignal.timeout(Math.max(0, Math.ceil(lateAtMs - performance.now())));
  const stop = signal === undefined ? late : AbortSignal.any([signal, late]);
  try {
    await unlessAborted(work(stop), stop, abortError);
  } catch (error) {
    if (!late.aborted || signal?.aborted === true) throw error;
    throw notInTime(subject, error);
  }
}

const notInTime = (subject: string, cause?: unknown): Error =>
  new Error(`NATS did not acknowledge ${subject} within ${TIMEOUT_MS} ms`, { cause });

const abortError = (signal?: AbortSignal): Error =>
  new DOMException('The publish was aborted', { name: 'AbortError', cause: signal?.reason });
