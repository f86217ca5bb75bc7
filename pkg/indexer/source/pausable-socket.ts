import { type ClientOptions, WebSocket } from 'ws';

/** What the owner of a socket hears of it. */
export interface SocketWatcher {
  onSocket(socket: WebSocket): void;
  /** A frame's text; undefined for a binary one. */
  onFrame(text: string | undefined): void;
  /** What broke the connection, before its end is told: partysocket tells them the other way round. */
  onError(error: unknown): void;
}

/** The largest frame read: a record is at most 1 MB, JSON escapes may double it. */
const maxFrameBytes = 4 * 1024 * 1024;

/**
 * A `ws` class to hand to @skyware/jetstream, which makes its own sockets and keeps them to itself. It gives `watcher` the
 * socket (pausing it is real backpressure, down to the host) and every frame; the socket's own listeners get none, see
 * `JetstreamConnection`. permessage-deflate is off: it costs 30 times the parsing.
 */
export const pausableSocket = (watcher: SocketWatcher): new (address: string | URL) => WebSocket =>
  class PausableSocket extends WebSocket {
    constructor(address: string | URL, protocols?: string | string[], options?: ClientOptions) {
      super(address, protocols, {
        ...options,
        perMessageDeflate: false,
        maxPayload: maxFrameBytes,
        handshakeTimeout: 15_000,
      });
      watcher.onSocket(this);
    }

    override emit(name: string | symbol, ...args: unknown[]): boolean {
      if (name === 'error') watcher.onError(args[0]);
      if (name !== 'message') return super.emit(name, ...args);
      const [data, isBinary] = args as unknown as [Buffer, boolean];
      watcher.onFrame(isBinary ? undefined : data.toString('utf8'));
      return true;
    }
  };
