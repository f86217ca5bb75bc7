import { toError } from '#pkg/runtime/errors.ts';
import type { Delivery } from './delivery.ts';
import { decodeEvent, type EventDefinition, EVENTS } from './events.ts';
import type { ReceivedEvent } from './handler.ts';
import { DURABLE_LIMITS } from './stream-table.ts';

/** What a delivery turned out to be. `not ours`: an event of the table that the handler did not ask for. */
export type Read<M> = { kind: 'message'; message: M } | { kind: 'not ours' } | { kind: 'unreadable'; reason: string };

const ALL_SUBJECTS: ReadonlySet<string> = new Set(Object.values(EVENTS).map(({ subject }) => subject));

/** Which attempt a delivery is: 1, 2 or 3. Beyond that it is the last one again. */
export function attemptOf({ deliveryCount }: Delivery): number {
  return Math.min(deliveryCount, DURABLE_LIMITS.maxAttempts);
}

/** Reads deliveries as events of these definitions. */
export function eventReader<D extends EventDefinition>(
  definitions: readonly D[],
): (delivery: Delivery) => Read<ReceivedEvent<D>> {
  const bySubject = new Map(definitions.map((definition) => [definition.subject as string, definition]));
  return (delivery) => {
    const definition = bySubject.get(delivery.subject);
    if (definition === undefined) {
      if (ALL_SUBJECTS.has(delivery.subject)) return { kind: 'not ours' };
      return { kind: 'unreadable', reason: 'unknown event type' };
    }
    try {
      const decoded = decodeEvent(definition, delivery.bytes);
      const { streamSequence } = delivery;
      const message = { ...decoded, attempt: attemptOf(delivery), streamSequence } as ReceivedEvent<D>;
      return { kind: 'message', message };
    } catch (error) {
      return { kind: 'unreadable', reason: `undecodable: ${toError(error).message}` };
    }
  };
}
