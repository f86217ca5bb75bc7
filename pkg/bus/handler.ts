import type { Logger } from '#pkg/runtime/log.ts';
import type { Death } from './dead-letter.ts';
import type { DecodedEvent, EventDefinition } from './events.ts';
import type { Outcome } from './outcome.ts';

/** An event as a handler gets it. One type for each definition, told apart by `subject`. */
export type ReceivedEvent<D extends EventDefinition = EventDefinition> = D extends EventDefinition
  ? DecodedEvent<D> & {
      /** 1, 2 or 3: deliveries, so that an attempt which a crash cut short counts too. */
      attempt: number;
      /** Its place in the stream. */
      streamSequence: number;
    }
  : never;

/** What a handler may use. */
export interface HandlerContext {
  /** Aborts when the handler has had its time, and towards the end of a shutdown. */
  signal: AbortSignal;
  /** Carries `correlation_id`, `event_id`, `subject` and `attempt` on every line. */
  log: Logger;
}

/**
 * Does an event's work; it may be called again for the same event, also while a call in another process still runs, so it
 * is idempotent by `eventId`. Throwing means: try again later.
 */
export type Handler<D extends EventDefinition> = (event: ReceivedEvent<D>, context: HandlerContext) => Promise<Outcome>;

/**
 * Told of a message that is about to become a dead letter; undefined where its bytes cannot be read. May be called again
 * for the same message. While it throws, the message is not given up: it comes back, at most a minute later each time.
 */
export type OnDead<D extends EventDefinition> = (event: ReceivedEvent<D> | undefined, death: Death) => Promise<void>;
