import type { Msg, MsgHdrs, NatsConnection } from '@nats-io/transport-node';

/** One delivery of a message to us, and how to answer it. */
export interface Delivery {
  readonly subject: string;
  readonly bytes: Uint8Array;
  readonly headers: MsgHdrs | undefined;
  /** Its place in the stream. */
  readonly streamSequence: number;
  /** When the stream took it, nanoseconds since 1970; tells two messages with one sequence apart where a stream was made anew. */
  readonly storedAtNs: string;
  /** 1 the first time, counted by the server. */
  readonly deliveryCount: number;
  /** Which server process gave it to us. */
  readonly serverId: string | undefined;
  /** Acknowledges, and resolves when the server has taken that down. Rejects when it does not say so in time. */
  ack(timeoutMs: number): Promise<void>;
  /** Acknowledges, and does not look whether the server hears it. */
  ackUnheard(): void;
  /** Asks for another delivery, after `delayMs` or at once. */
  nak(delayMs?: number): void;
  /** Tells the server that work goes on, so that its ack_wait begins anew. */
  working(): void;
  /** No further delivery. */
  term(): void;
}

/**
 * Reads a message that a pull brought. Its reply subject holds the numbers:
 * `$JS.ACK[.domain.account].stream.durable.deliveries.streamSeq.durableSeq.time.pending[.random]`.
 * @throws Error when it is not a message of a stream
 */
export function readDelivery(nc: NatsConnection, message: Msg): Delivery {
  const reply = message.reply ?? '';
  const tokens = reply.split('.');
  const at = tokens.length === 9 ? 4 : 6;
  const deliveryCount = Number(tokens[at]);
  const streamSequence = Number(tokens[at + 1]);
  if (!reply.startsWith('$JS.ACK.') || !(deliveryCount > 0) || !(streamSequence > 0)) {
    throw new Error(`not a message of a stream: ${message.subject}`);
  }
  return {
    subject: message.subject,
    bytes: message.data,
    headers: message.headers,
    streamSequence,
    storedAtNs: tokens[at + 3] ?? '',
    deliveryCount,
    serverId: nc.info?.server_id,
    async ack(timeoutMs) {
      await nc.request(reply, '+ACK', { timeout: timeoutMs });
    },
    ackUnheard() {
      message.respond('+ACK');
    },
    nak(delayMs) {
      message.respond(delayMs === undefined ? '-NAK' : `-NAK {"delay": ${Math.round(delayMs) * 1_000_000}}`);
    },
    working() {
      message.respond('+WPI');
    },
    term() {
      message.respond('+TERM');
    },
  };
}
