import type { Service } from '#pkg/runtime/lifecycle.ts';
import { batchService, type BatchServiceOptions } from './batch-service.ts';
import type { EventDefinition } from './events.ts';
import type { HandlerContext, OnDead, ReceivedEvent } from './handler.ts';
import type { Outcome } from './outcome.ts';
import { eventReader } from './reading.ts';
import { checkBrings, findDurable, type StreamName } from './stream-table.ts';

export type { Death } from './dead-letter.ts';
export type { HandlerContext, OnDead, ReceivedEvent } from './handler.ts';
export { ack, dead, type Outcome, retry } from './outcome.ts';

/**
 * Does the work of many events at once; one outcome for each, in their order. As a `Handler` it is idempotent by `eventId`,
 * for a batch may come again, whole or in pieces. When it throws, each event is tried alone, and only who throws alone has
 * failed. The log of the context knows no event: lines about one name it themselves.
 */
export type BatchHandler<D extends EventDefinition> = (
  events: readonly ReceivedEvent<D>[],
  context: HandlerContext,
) => Promise<readonly Outcome[]>;

/** Options of `consumeBatch`. */
export interface ConsumeBatchOptions<D extends EventDefinition> extends BatchServiceOptions {
  /** Needed where the durable stands in several streams. */
  stream?: StreamName;
  /** The events that the handler knows. Others of the table that the durable brings are acknowledged unread. */
  event: D | readonly D[];
  handler: BatchHandler<D>;
  onDead?: OnDead<D>;
}

/**
 * A service that gives a durable's events to a handler, as many at once as have come: one call after the other, in order.
 * Like `consume` otherwise: at most three attempts, then a dead letter. An event that was delivered before is handled
 * alone, with nothing beside it, the lowest of the stream first: if the process ends again, only that one can be guilty.
 * @throws Error when the durable's filter never brings one of the events
 */
export function consumeBatch<const D extends EventDefinition>(options: ConsumeBatchOptions<D>): Service {
  const spec = findDurable(options.durable, options.stream);
  const definitions = [options.event].flat() as readonly D[];
  const subjects = definitions.map(({ subject }) => subject);
  checkBrings(spec, subjects);
  return batchService(options, {
    spec,
    subjects,
    handler: options.handler,
    read: eventReader(definitions),
    idsOf: ({ eventId, correlationId }) => ({ event_id: eventId, correlation_id: correlationId }),
    onDead: options.onDead,
    neverDead: false,
  });
}
