import { type ApiError, JetStreamApiError } from '@nats-io/jetstream';
import { createInbox, type Msg, type MsgHdrs } from '@nats-io/transport-node';
import type { Bus } from './client.ts';

/** What became of a message that was handed to the connection. */
export type Answer =
  | { readonly kind: 'stored'; readonly duplicate: boolean; readonly sequence: number }
  /** No stream listens to the subject. */
  | { readonly kind: 'nobody' }
  /** The connection went before the answer came: stored or not. */
  | { readonly kind: 'lost' }
  /** No answer in time: stored or not. */
  | { readonly kind: 'late' }
  | { readonly kind: 'aborted' }
  | { readonly kind: 'refused'; readonly error: Error };

/** A message as it goes over the wire. */
export interface Parcel {
  readonly subject: string;
  readonly bytes: Uint8Array;
  readonly headers: MsgHdrs;
}

interface Waiting {
  readonly lateAtMs: number;
  readonly resolve: (answer: Answer) => void;
}

const TICK_MS = 100;

type Connection = Pick<Bus, 'nc' | 'downSinceMs'>;

/**
 * Where streams acknowledge what this connection publishes: one subscription and one timer for all messages, however many are
 * under way. The client's own way makes two stack traces, a timer and several promises for each, four times the work: too much
 * for thousands of events a second.
 */
export class AckBox {
  readonly #bus: Connection;
  readonly #inbox = createInbox();
  readonly #waiting = new Map<string, Waiting>();
  #last = 0;
  #ticking: NodeJS.Timeout | undefined;

  constructor(bus: Connection) {
    this.#bus = bus;
    bus.nc.subscribe(`${this.#inbox}.*`, {
      callback: (error, message) => {
        if (error === null) this.#end(message.subject, answerOf(message));
      },
    });
  }

  /**
   * Sends a message and waits for its stream. Nothing is tried again here.
   * @throws the client's error when the message cannot be sent at all: too large, or the connection is closed
   */
  async send({ subject, bytes, headers }: Parcel, timeoutMs: number, signal?: AbortSignal): Promise<Answer> {
    if (signal?.aborted === true) return { kind: 'aborted' };
    this.#last += 1;
    const reply = `${this.#inbox}.${this.#last}`;
    const { promise, resolve } = Promise.withResolvers<Answer>();
    this.#bus.nc.publish(subject, bytes, { headers, reply });
    this.#waiting.set(reply, { lateAtMs: performance.now() + timeoutMs, resolve });
    this.#ticking ??= setInterval(() => this.#tick(), TICK_MS);
    if (signal === undefined) return promise;
    const onAbort = () => this.#end(reply, { kind: 'aborted' });
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      return await promise;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  #end(reply: string, answer: Answer): void {
    const waiting = this.#waiting.get(reply);
    this.#waiting.delete(reply);
    waiting?.resolve(answer);
  }

  #tick(): void {
    const nowMs = performance.now();
    // The server does not know the former connection's inbox any more.
    const isDown = this.#bus.downSinceMs !== undefined;
    for (const [reply, { lateAtMs }] of this.#waiting) {
      if (nowMs >= lateAtMs) this.#end(reply, { kind: 'late' });
      else if (isDown) this.#end(reply, { kind: 'lost' });
    }
    if (this.#waiting.size > 0) return;
    clearInterval(this.#ticking);
    this.#ticking = undefined;
  }
}

const NO_RESPONDERS = 503;

function answerOf(message: Msg): Answer {
  if (message.data.length === 0 && message.headers?.code === NO_RESPONDERS) return { kind: 'nobody' };
  let said: { seq?: unknown; duplicate?: unknown; error?: ApiError };
  try {
    said = message.json();
  } catch (error) {
    return { kind: 'refused', error: new Error('the answer of the stream is not JSON', { cause: error }) };
  }
  if (said.error !== undefined) return { kind: 'refused', error: new JetStreamApiError(said.error) };
  if (typeof said.seq !== 'number') return { kind: 'refused', error: new Error('the stream did not say the sequence') };
  return { kind: 'stored', duplicate: said.duplicate === true, sequence: said.seq };
}
