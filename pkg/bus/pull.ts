import { createInbox, type Msg, nanos, type NatsConnection } from '@nats-io/transport-node';
import { type Delivery, readDelivery } from './delivery.ts';

/**
 * Why a pull is over: all it asked for came, its time passed, the durable is not there, or the server wants no more of
 * them.
 */
export type PullEnd = 'full' | 'expired' | 'missing' | 'refused';

/** What `openPull` needs. */
export interface PullOptions {
  nc: NatsConnection;
  stream: string;
  durable: string;
  /** How many messages at most. */
  batch: number;
  /** How long the server keeps the request. */
  expiresMs: number;
  onDelivery: (delivery: Delivery) => void;
  /** Called once, unless `drain` was called before. */
  onEnd: (end: PullEnd) => void;
}

/** A request for messages that is waiting at the server. */
export interface Pull {
  /** How many of the messages asked for did not come yet. */
  readonly open: number;
  /** Withdraws the request; resolves when all that was already on its way has come. */
  drain(): Promise<void>;
}

/** A server that says nothing for this much longer than it may has lost the request. */
const LATE_MS = 2_000;

/** Asks the server for messages. Exactly as many come as there are hands free: nothing waits in this process. */
export function openPull(options: PullOptions): Pull {
  const { nc, stream, durable, batch, expiresMs, onDelivery, onEnd } = options;
  let open = batch;
  let over = false;
  let draining = false;
  const inbox = createInbox();
  const end = (reason: PullEnd) => {
    if (over) return;
    over = true;
    clearTimeout(timer);
    if (draining) return;
    subscription.unsubscribe();
    onEnd(reason);
  };
  const subscription = nc.subscribe(inbox, {
    callback: (error, message) => {
      if (error !== null) return end('refused');
      const status = statusOf(message);
      if (status === undefined) {
        open -= 1;
        onDelivery(readDelivery(nc, message));
        if (open <= 0) end('full');
      } else if (status !== 'heartbeat') {
        end(status);
      }
    },
  });
  const timer = setTimeout(() => end('expired'), expiresMs + LATE_MS);
  nc.publish(`$JS.API.CONSUMER.MSG.NEXT.${stream}.${durable}`, JSON.stringify({ batch, expires: nanos(expiresMs) }), {
    reply: inbox,
  });
  return {
    get open() {
      return over ? 0 : open;
    },
    async drain() {
      if (over) return;
      draining = true;
      clearTimeout(timer);
      await subscription.drain().catch(() => undefined);
      over = true;
    },
  };
}

/** What a message without content says about the request, or undefined for a message of the stream. */
function statusOf({ headers }: Msg): PullEnd | 'heartbeat' | undefined {
  const code = headers?.code ?? 0;
  if (code === 0) return undefined;
  if (code === 100) return 'heartbeat';
  if (code === 404 || code === 408) return 'expired';
  if (code === 503) return 'missing';
  return /deleted/i.test(headers?.description ?? '') ? 'missing' : 'refused';
}
