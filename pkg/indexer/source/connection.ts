import { Jetstream } from '@skyware/jetstream';
import type { WebSocket } from 'ws';
import type { Clock } from '#pkg/runtime/clock.ts';
import { toError } from '#pkg/runtime/errors.ts';
import { pausableSocket } from './pausable-socket.ts';
import { BadFrame } from './types.ts';

/** How a connection ended. */
export type ConnectionEnd =
  | { readonly why: 'closed' | 'stopped' }
  | { readonly why: 'silent'; readonly silentMs: number }
  | { readonly why: 'failed'; readonly error: Error };

export interface ConnectionOptions {
  readonly url: string;
  readonly collections: readonly string[];
  /** Microseconds, inclusive. */
  readonly cursorUs: number | undefined;
  /** Silence after which the host counts as stalled. */
  readonly silenceMs: number;
  readonly clock: Clock;
  /** The host took the connection; on a quiet network its first frame may be long in coming. */
  readonly onOpen?: () => void;
}

/** Frames held before the socket is paused; in practice a little more, as a read in progress is not cut. */
const maxQueued = 8_192;
const maxQueuedBytes = 16 * 1024 * 1024;

/**
 * One connection to one host, from opening to its end; it never reconnects by itself. Frames wait in a bounded queue:
 * while that is full the socket is paused, and the host feels it.
 */
export class JetstreamConnection {
  readonly #options: ConnectionOptions;
  readonly #jetstream: Jetstream;
  #socket: WebSocket | undefined;
  #queue: unknown[] = [];
  #queuedBytes = 0;
  #end: ConnectionEnd | undefined;
  #lastError: Error | undefined;
  #wake: (() => void) | undefined;
  #lastLifeMs: number;
  #watchdog: NodeJS.Timeout | undefined;
  /** The text of the frame being dispatched; null between frames. */
  #frame: string | null = null;
  #frameHandled = false;
  /** Whether any frame arrived. */
  delivered = false;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#lastLifeMs = options.clock.nowMs();
    this.#jetstream = new Jetstream({
      endpoint: options.url,
      wantedCollections: [...options.collections],
      ...(options.cursorUs === undefined ? {} : { cursor: options.cursorUs }),
      ws: pausableSocket({
        onSocket: (socket) => {
          this.#socket = socket;
        },
        onFrame: (text) => this.#onFrame(text),
        onError: (error) => {
          this.#lastError = toError(error);
        },
      }),
    });
    this.#listen();
  }

  open(): void {
    this.#jetstream.start();
    const everyMs = Math.max(50, Math.min(1_000, this.#options.silenceMs / 4));
    this.#watchdog = setInterval(() => this.#watch(), everyMs);
  }

  /** The frames that arrived since the last call; waits for the first. Undefined when the connection has ended. */
  async take(): Promise<readonly unknown[] | undefined> {
    this.#resume();
    while (this.#queue.length === 0) {
      if (this.#end !== undefined) return undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const taken = this.#queue;
    this.#queue = [];
    this.#queuedBytes = 0;
    return taken;
  }

  /** How it ended, once `take` has answered undefined. */
  get ended(): ConnectionEnd {
    return this.#end ?? { why: 'stopped' };
  }

  stop(): void {
    this.#finish({ why: 'stopped' });
  }

  #listen(): void {
    // The library emits each commit under its collection's name too, and a hostile record may name its collection
    // `close`: what is emitted while a frame is dispatched comes from the frame, never from the socket.
    const fromFrame = (event: unknown) => this.#accept(event);
    this.#jetstream.on('commit', fromFrame);
    this.#jetstream.on('account', fromFrame);
    this.#jetstream.on('identity', fromFrame);
    // Without a listener the emitter would throw; what broke the socket is known from `pausableSocket`.
    this.#jetstream.on('error', () => {});
    this.#jetstream.on('open', () => {
      if (this.#frame === null && this.#end === undefined) this.#options.onOpen?.();
    });
    this.#jetstream.on('close', () => {
      if (this.#frame !== null) return;
      this.#finish(this.#lastError === undefined ? { why: 'closed' } : { why: 'failed', error: this.#lastError });
    });
  }

  #accept(item: unknown): void {
    if (this.#frame === null || this.#frameHandled) return;
    this.#frameHandled = true;
    this.#push(item, this.#frame.length);
  }

  /**
   * Hands a frame to the library's own handler. Not through the socket's events, where partysocket would copy each into a
   * DOM event for listeners that nobody has: a tenth of all the work. What the library passes over without a word
   * (incomplete commits, unknown kinds, broken JSON) is counted like the rest.
   */
  #onFrame(text: string | undefined): void {
    this.#frame = text ?? '';
    this.#frameHandled = false;
    try {
      if (text !== undefined) this.#jetstream.ws?.onmessage?.({ data: text } as MessageEvent);
    } finally {
      this.#frame = null;
    }
    if (!this.#frameHandled) this.#push(parseSkipped(text ?? ''), text?.length ?? 0);
  }

  #push(item: unknown, bytes: number): void {
    if (this.#end !== undefined) return;
    this.delivered = true;
    this.#queue.push(item);
    this.#queuedBytes += bytes;
    if (this.#queue.length >= maxQueued || this.#queuedBytes >= maxQueuedBytes) this.#pause();
    this.#lastLifeMs = 0;
    this.#wakeUp();
  }

  #pause(): void {
    if (this.#socket?.isPaused === false) this.#socket.pause();
  }

  #resume(): void {
    if (this.#socket?.isPaused !== true) return;
    this.#lastLifeMs = 0;
    this.#socket.resume();
  }

  /** A paused socket is our own silence. `#lastLifeMs` 0 means "just now": the clock is read here, not for each frame. */
  #watch(): void {
    const nowMs = this.#options.clock.nowMs();
    if (this.#lastLifeMs === 0 || this.#socket?.isPaused === true) this.#lastLifeMs = nowMs;
    const silentMs = nowMs - this.#lastLifeMs;
    if (silentMs >= this.#options.silenceMs) this.#finish({ why: 'silent', silentMs });
  }

  #finish(end: ConnectionEnd): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    clearInterval(this.#watchdog);
    this.#jetstream.close();
    // A stalled host answers no closing handshake either.
    this.#socket?.terminate();
    this.#wakeUp();
  }

  #wakeUp(): void {
    this.#wake?.();
    this.#wake = undefined;
  }
}

const parseSkipped = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return new BadFrame(text, 'not_json');
  }
};
