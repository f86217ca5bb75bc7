import { WebSocket, type ClientOptions } from 'ws';

/** What the owner of a socket hears of it. */
export interface SocketWatcher {
  onSocket(socket: WebSocket): void;
  /** Before a frame is handed on; `text` is undefined for a binary frame. */
  beforeFrame(text: string | undefined): void;
  /** After every listener has had it. */
  afterFrame(): void;
}

/** The largest frame read: a record is at most 1 MB, JSON escapes may double it. */
const maxFrameBytes = 4 * 1024 * 1024;

/**
 * A `ws` class to hand to @skyware/jetstream, which makes its own sockets and keeps them to itself. It tells `watcher`
 * about the socket (pausing it is real backpressure, down to the host) and about each frame (the library silently skips
 * some, and forgets the text of those that are no JSON). permessage-deflate is off: it costs 30 times the parsing.
 */
export const pausableSocket = (watcher: SocketWatcher): new (address: string | URL) => WebSocket =>
  class PausableSocket extends WebSocket {
    constructor(address: string | URL, protocols?: string | string[], options?: ClientOptions) {
      super(address, protocols, { ...options, perMessageDeflate: false, maxPayload: maxFrameBytes, handshakeTimeout: 15_000 });
      watcher.onSocket(this);
    }

    override emit(name: string | symbol, ...args: unknown[]): boolean {
      if (name !== 'message') return super.emit(name as 'open', ...(args as unknown as []));
      const [data, isBinary] = args as unknown as [Buffer, boolean];
      // As text now and once: the library's listener would decode the buffer a second time.
      const text = isBinary ? undefined : data.toString('utf8');
      watcher.beforeFrame(text);
      try {
        return super.emit('message', (text ?? data) as unknown as Buffer, isBinary);
      } finally {
        watcher.afterFrame();
      }
    }
  };
