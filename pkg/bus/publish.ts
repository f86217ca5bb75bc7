import { systemClock } from '#pkg/runtime/clock.ts';
import type { Logger } from '#pkg/runtime/log.ts';
import { unlessAborted } from '#pkg/runtime/waiting.ts';
import { type Bus, untilConnected } from './client.ts';
import type { BusEvent } from './events.ts';
import { withMessageId } from './message-id.ts';
import { streamOf } from './stream-table.ts';
import { ensureStream } from './streams.ts';

/** The header with the id of the request that caused a message, for who reads along without decoding. */
export const CORRELATION_HEADER = 'Skyflow-Correlation-Id';

/** Publishes events. */
export interface Publisher {
  /**
   * Resolves when the stream has the event; `duplicate` when it had it already (same event id within the stream's window).
   * Rejects when it is not acknowledged within 5 s, or with the signal's AbortError; it may then be stored or not, so the
   * same event, with the same id, is to be published again.
   */
  publish(event: BusEvent, signal?: AbortSignal): Promise<{ duplicate: boolean }>;
}

const TIMEOUT_MS = 5_000;

/** A publisher over this connection. `log` hears of streams that had to be made anew. */
export function createPublisher(bus: Bus, log?: Logger): Publisher {
  return {
    async publish(event, signal) {
      const late = AbortSignal.timeout(TIMEOUT_MS);
      const stop = signal === undefined ? late : AbortSignal.any([signal, late]);
      stop.throwIfAborted();
      try {
        return await unlessAborted(publishOrRestore(bus, event, { stop, log }), stop, abortError);
      } catch (error) {
        if (!late.aborted || signal?.aborted === true) throw error;
        throw new Error(`NATS did not acknowledge ${event.subject} within ${TIMEOUT_MS} ms`, { cause: error });
      }
    },
  };
}

interface Context {
  stop: AbortSignal;
  log: Logger | undefined;
}

async function publishOrRestore(bus: Bus, event: BusEvent, { stop, log }: Context): Promise<{ duplicate: boolean }> {
  // Nothing is handed to a connection that is down: it would keep it in memory without bound, or lose it.
  await untilConnected(bus, systemClock, stop);
  try {
    return await publishOnce(bus, event);
  } catch (error) {
    // Nobody answers for the subject: REALTIME is in memory and gone after a restart of the server.
    const stream = streamOf(event.subject);
    if (!isNobodyThere(error) || stream === undefined || stop.aborted) throw error;
    await ensureStream(bus, stream, log);
    return publishOnce(bus, event);
  }
}

async function publishOnce({ js }: Bus, { subject, bytes, eventId, correlationId }: BusEvent) {
  const headers = withMessageId(eventId, [[CORRELATION_HEADER, [correlationId]]]);
  const { duplicate } = await js.publish(subject, bytes, { headers, timeout: TIMEOUT_MS });
  return { duplicate };
}

/** The client's error when no stream listens to a subject; its class is not exported. */
function isNobodyThere(error: unknown): boolean {
  return error instanceof Error && error.name === 'JetStreamNotEnabled';
}

const abortError = (signal: AbortSignal): Error =>
  new DOMException('The publish was aborted', { name: 'AbortError', cause: signal.reason });
