import type { Service } from '#pkg/runtime/lifecycle.ts';
import { batchService, type BatchServiceOptions } from './batch-service.ts';
import { readEnvelope } from './envelope.ts';
import type { HandlerContext } from './handler.ts';
import type { Outcome } from './outcome.ts';
import { type RawMessage, readRaw } from './raw-message.ts';
import { findDurable, type StreamName } from './stream-table.ts';

export type { HandlerContext } from './handler.ts';
export { ack, dead, type Outcome, retry } from './outcome.ts';
export type { RawMessage } from './raw-message.ts';

/** A `BatchHandler` for raw messages; idempotent by stream and `streamSequence`, or by what it reads in the bytes. */
export type RawHandler = (messages: readonly RawMessage[], context: HandlerContext) => Promise<readonly Outcome[]>;

/** Options of `consumeRaw`. */
export interface ConsumeRawOptions extends BatchServiceOptions {
  stream: StreamName;
  handler: RawHandler;
  /**
   * Nothing becomes a dead letter: what fails comes again, after pauses of up to a minute, until it works; and `dead` is a
   * failure. For the stream of the dead letters itself.
   */
  neverDead?: boolean;
}

/** `consumeBatch` for messages whose subject and bytes may be anything. */
export function consumeRaw(options: ConsumeRawOptions): Service {
  return batchService<RawMessage>(options, {
    spec: findDurable(options.durable, options.stream),
    subjects: [],
    handler: options.handler,
    read: (delivery) => ({ kind: 'message', message: readRaw(delivery) }),
    idsOf: ({ bytes, streamSequence }) => {
      const envelope = readEnvelope(bytes);
      return { event_id: envelope?.eventId, correlation_id: envelope?.correlationId, stream_sequence: streamSequence };
    },
    onDead: undefined,
    neverDead: options.neverDead ?? false,
  });
}
