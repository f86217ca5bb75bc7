import { controlFrame, type Frame, type ResyncReason, retryLine } from './frames.ts';
import type { History } from './history.ts';
import type { CloseReason, GatewayMetrics } from './metrics.ts';
import type { Position } from './position.ts';

/** Where a connection's text goes. */
export interface FrameSink {
  /** False when the kernel has not taken all of it; `onTaken` then tells when it has. */
  write(text: string): boolean;
  /** Calls back once, when everything written so far is taken. */
  onTaken(callback: () => void): void;
  /** Writes the last words and closes. */
  end(text: string): void;
  /** Closes at once. */
  cut(): void;
}

/** What all connections of a process have in common. */
export interface ConnectionContext {
  readonly history: History;
  readonly metrics: GatewayMetrics;
  /** Events that may wait for a connection beyond what its socket takes. */
  readonly bufferEvents: number;
  nowMs(): number;
}

/** Whose connection it is, and where it goes on. */
export interface ConnectionStart {
  readonly id: string;
  readonly userId: string;
  readonly sid: string;
  readonly sink: FrameSink;
  /** The client has everything up to here. */
  readonly cursor: number;
  /** The first words, with what stands before them. */
  readonly greeting: string;
}

/** Text joined into one write while a backlog is sent. */
const BATCH_LENGTH = 16 * 1024;

/**
 * One client. It holds no events of its own: a cursor into the history is its buffer, so ten thousand stalled clients cost
 * no more than ten thousand that read. While the socket takes everything, frames go straight through. Once it does not,
 * frames wait in the history, and when it does again, they are sent from the cursor on. More than `bufferEvents` waiting:
 * the newest are dropped, and when the socket comes back the client gets what waited, is told how many are missing, with
 * the id to go on from, and is closed: coming back with that id gives it the rest. Left open, it would get later ids
 * and so lose the missing ones for good.
 */
export class Connection {
  readonly id: string;
  readonly userId: string;
  readonly sid: string;
  /** When the next heartbeat is due. */
  nextBeatMs = 0;
  readonly #context: ConnectionContext;
  readonly #sink: FrameSink;
  #cursor: number;
  /** What the client asked to be replayed does not count as its buffer. */
  readonly #replayUntil: number;
  #blockedSinceMs: number | undefined;
  /** The last sequence before the first that was dropped. */
  #cut: number | undefined;
  #dropped = 0;
  #resync: ResyncReason | undefined;
  #closed: CloseReason | undefined;

  /** Sends the greeting and whatever the history holds after the cursor. */
  constructor(start: ConnectionStart, context: ConnectionContext) {
    this.id = start.id;
    this.userId = start.userId;
    this.sid = start.sid;
    this.#sink = start.sink;
    this.#context = context;
    this.#cursor = start.cursor;
    this.#replayUntil = context.history.head;
    if (this.#write(start.greeting)) this.#pump();
  }

  /** Set once it is closed by us. */
  get closed(): CloseReason | undefined {
    return this.#closed;
  }
  /** Since when its socket takes nothing (or its last words are on their way), or undefined. */
  get blockedSinceMs(): number | undefined {
    return this.#blockedSinceMs;
  }

  /** Takes the newest frame of the history, which is for this user. */
  deliver(frame: Frame): void {
    if (this.#closed !== undefined || frame.sequence <= this.#cursor) return;
    if (this.#blockedSinceMs !== undefined) {
      this.#hold(frame);
      return;
    }
    this.#cursor = frame.sequence;
    this.#context.metrics.delivered.inc();
    this.#write(frame.text);
  }

  /** A sign of life; its id lets a client that gets few events stay within what can be replayed. */
  beat(): void {
    if (this.#closed !== undefined || this.#blockedSinceMs !== undefined) return;
    this.#cursor = Math.max(this.#cursor, this.#context.history.head);
    const data = { server_time: new Date(this.#context.nowMs()).toISOString() };
    this.#write(controlFrame('heartbeat', data, this.#position()));
  }

  /** The stream began a new life, and the history with it. */
  restart(): void {
    if (this.#closed !== undefined) return;
    this.#cursor = this.#context.history.head;
    this.#cut = undefined;
    this.#dropped = 0;
    this.#resync = 'restarted';
    if (this.#blockedSinceMs === undefined) this.#pump();
  }

  /** Says why, and closes. `retryMs`: when to come back. */
  end(reason: 'session_ended' | 'shutdown', retryMs?: number): void {
    const data = retryMs === undefined ? {} : { retry_ms: Math.round(retryMs) };
    this.#end(reason, (retryMs === undefined ? '' : retryLine(retryMs)) + controlFrame(reason, data));
  }

  /** Closes without a word, also one that was closed with some and does not take them. */
  cut(reason: CloseReason): void {
    this.#closed ??= reason;
    this.#sink.cut();
  }

  #end(reason: CloseReason, text: string): void {
    if (this.#closed !== undefined) return;
    this.#closed = reason;
    this.#blockedSinceMs ??= this.#context.nowMs();
    this.#sink.end(text);
  }

  #position(): Position {
    return this.#context.history.position(this.#cursor);
  }

  #hold(frame: Frame): void {
    const { history, bufferEvents, metrics } = this.#context;
    if (this.#cut === undefined) {
      const waiting = history.countAfter(this.userId, Math.max(this.#cursor, this.#replayUntil));
      if (waiting <= bufferEvents) return;
      this.#cut = frame.sequence - 1;
    }
    this.#dropped += 1;
    metrics.dropped.inc();
  }

  /** Writes, and remembers where the socket does not take it. */
  #write(text: string): boolean {
    if (this.#sink.write(text)) return true;
    this.#blockedSinceMs = this.#context.nowMs();
    this.#sink.onTaken(() => {
      this.#blockedSinceMs = undefined;
      if (this.#closed === undefined) this.#pump();
    });
    return false;
  }

  /** Sends from the cursor on, until the socket has enough or there is no more. */
  #pump(): void {
    const { history, metrics } = this.#context;
    if (this.#cursor + 1 < history.floor) {
      this.#cursor = history.floor - 1;
      this.#resync ??= 'expired';
    }
    if (this.#resync !== undefined) {
      const reason = this.#resync;
      this.#resync = undefined;
      metrics.resyncs.inc(reason);
      if (!this.#write(controlFrame('resync', { reason }, this.#position()))) return;
    }
    let batch = '';
    for (const frame of history.after(this.userId, this.#cursor)) {
      if (this.#cut !== undefined && frame.sequence > this.#cut) break;
      batch += frame.text;
      this.#cursor = frame.sequence;
      metrics.delivered.inc();
      if (batch.length < BATCH_LENGTH) continue;
      if (!this.#write(batch)) return;
      batch = '';
    }
    if (batch !== '' && !this.#write(batch)) return;
    if (this.#cut !== undefined) {
      this.#cursor = Math.max(this.#cursor, this.#cut);
      this.#end('dropped', controlFrame('dropped', { count: this.#dropped }, this.#position()));
    }
  }
}
