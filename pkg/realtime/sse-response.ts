import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { FrameSink } from './connection.ts';

/**
 * Sends the head of an event stream and hands the socket over. Frames go to the socket itself: a stream that ends with its
 * connection needs no chunks, and ten thousand web streams would cost several times the memory and the time.
 * Undefined where there is no socket: the client is gone, or sent this request behind a stream that is still open.
 */
export function openSse(outgoing: ServerResponse, headers: Readonly<Record<string, string>>): FrameSink | undefined {
  const { socket } = outgoing;
  if (socket === null || socket.destroyed || outgoing.headersSent) return undefined;
  // Without chunks the end of the connection is the end of the body, and Node says `Connection: close` itself.
  outgoing.useChunkedEncodingByDefault = false;
  outgoing.writeHead(200, {
    ...headers,
    'content-type': 'text/event-stream',
    'cache-control': 'no-store, no-transform',
    // nginx would collect frames otherwise.
    'x-accel-buffering': 'no',
    'x-content-type-options': 'nosniff',
  });
  outgoing.flushHeaders();
  return new SocketSink(outgoing, socket);
}

class SocketSink implements FrameSink {
  readonly #outgoing: ServerResponse;
  readonly #socket: Socket;

  constructor(outgoing: ServerResponse, socket: Socket) {
    this.#outgoing = outgoing;
    this.#socket = socket;
  }

  write(text: string): boolean {
    if (this.#socket.destroyed) return true;
    this.#socket.write(text);
    // What the kernel takes at once is gone from the length when `write` returns.
    return this.#socket.writableLength === 0;
  }

  onTaken(callback: () => void): void {
    // 'drain' comes only past Node's own mark, 64 KB a connection; the callback of an empty write comes after all before it.
    this.#socket.write('', (error) => {
      if (error === undefined || error === null) callback();
    });
  }

  end(text: string): void {
    if (this.#socket.destroyed) return;
    this.#socket.write(text);
    this.#outgoing.end();
  }

  cut(): void {
    this.#socket.destroy();
  }
}
