import { randomUUID } from 'node:crypto';
import type { Clock } from '#pkg/runtime/clock.ts';
import { orLate } from '#pkg/runtime/waiting.ts';
import type { Session } from '#pkg/session/session.ts';
import { Connection, type ConnectionContext, type FrameSink } from './connection.ts';
import type { Follower } from './follower.ts';
import { controlFrame, type ResyncReason, retryLine } from './frames.ts';
import type { Hub } from './hub.ts';
import type { GatewayLimits } from './limits.ts';
import type { GatewayMetrics } from './metrics.ts';
import { parsePosition } from './position.ts';
import type { Presence } from './presence.ts';

/** What a door needs. */
export interface DoorOptions {
  readonly context: ConnectionContext;
  readonly hub: Hub;
  readonly follower: Follower;
  readonly presence: Presence;
  readonly limits: GatewayLimits;
  readonly metrics: GatewayMetrics;
  readonly clock: Clock;
}

/** Somebody who was let in and has no stream yet. */
export interface Entry {
  /**
   * Opens the stream where `lastEventId` says, at the end without one. The function returned is to be called when its
   * connection has closed.
   */
  open(sink: FrameSink, lastEventId: string | undefined): () => void;
  /** Gives the place back, and returns its argument. */
  refuse<T>(problem: T): Promise<T>;
}

/** Lets clients in and out. */
export class Door {
  /** Set at a shutdown: nobody is let in any more. */
  draining = false;
  readonly #options: DoorOptions;
  /** Let in, and not yet in the hub. */
  #entering = 0;

  constructor(options: DoorOptions) {
    this.#options = options;
  }

  get isFull(): boolean {
    return this.#options.hub.size + this.#entering >= this.#options.limits.maxConnections;
  }

  /** False when the stream is still unknown after `ms`. */
  async readyWithin(ms: number): Promise<boolean> {
    const { follower, clock } = this.#options;
    if (follower.isReady) return true;
    const isReady = follower.ready.then(() => true);
    return orLate(isReady, ms, false, clock);
  }

  /** Takes a place among the user's connections; undefined when there is none. Rejects while Redis is away. */
  async enter(session: Session, cap: number): Promise<Entry | undefined> {
    const { presence } = this.#options;
    const present = { id: randomUUID(), userId: session.userId };
    this.#entering += 1;
    let isEntering = true;
    const entered = () => {
      if (isEntering) this.#entering -= 1;
      isEntering = false;
    };
    try {
      if (!(await presence.join(present, cap))) {
        entered();
        return undefined;
      }
    } catch (error) {
      entered();
      // It may have been added all the same.
      void presence.leave([present]);
      throw error;
    }
    return {
      open: (sink, lastEventId) => {
        entered();
        return this.#open(present.id, session, sink, lastEventId);
      },
      refuse: async (problem) => {
        entered();
        await presence.leave([present]);
        return problem;
      },
    };
  }

  /** Looks at the stream first where the id may be ahead of what this instance knows. */
  async prepare(lastEventId: string): Promise<void> {
    if (this.#judge(lastEventId) === 'ahead') await this.#options.follower.check().catch(() => undefined);
  }

  #open(id: string, { userId, sid }: Session, sink: FrameSink, lastEventId: string | undefined): () => void {
    const { context, hub, limits, metrics, presence, clock } = this.#options;
    const { history } = context;
    const judged = lastEventId === undefined ? history.head : this.#judge(lastEventId);
    const resync = typeof judged === 'number' ? undefined : RESYNC[judged];
    // After a resync the client is to ask anew for what it wants to know; what the history has is given all the same.
    const cursor = typeof judged === 'number' ? judged : history.floor - 1;
    const position = history.position(cursor);
    const data = { user_id: userId, connection_id: id, server_time: new Date(clock.nowMs()).toISOString() };
    let greeting = retryLine(limits.retryMs) + controlFrame('connected', data, position);
    if (resync !== undefined) {
      greeting += controlFrame('resync', { reason: resync }, position);
      metrics.resyncs.inc(resync);
    }
    const connection = new Connection({ id, userId, sid, sink, cursor, greeting }, context);
    connection.nextBeatMs = clock.nowMs() + limits.heartbeatMs;
    hub.add(connection);
    let isOpen = true;
    return () => {
      if (!isOpen) return;
      isOpen = false;
      hub.remove(connection);
      metrics.closes.inc(connection.closed ?? 'client');
      void presence.leave([connection]);
    };
  }

  /** The sequence to go on after, or why the id does not say one. */
  #judge(lastEventId: string): number | 'unknown' | 'ahead' | 'expired' | 'other life' {
    const { history } = this.#options.context;
    const position = parsePosition(lastEventId);
    if (position === undefined) return 'unknown';
    // Another instance may have seen a new life of the stream, or a newer event, before this one.
    if (position.incarnation > history.incarnation) return 'ahead';
    if (position.incarnation !== history.incarnation) return 'other life';
    if (position.sequence > history.head) return 'ahead';
    return position.sequence + 1 < history.floor ? 'expired' : position.sequence;
  }
}

const RESYNC: Readonly<Record<'unknown' | 'ahead' | 'expired' | 'other life', ResyncReason>> = {
  unknown: 'unknown_id',
  ahead: 'unknown_id',
  expired: 'expired',
  'other life': 'restarted',
};
