import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { FrameTape, TapePosition } from './tape.ts';

/** How to serve a tape. */
export interface ServeRawOptions {
  tape: FrameTape;
  /** TCP port; 0 takes a free one. */
  port: number;
  /** Address to listen on, by default 127.0.0.1. */
  host?: string;
  /** What follows the last frame: an open connection like a quiet live tip (default), or a close with code 1000. */
  afterwards?: 'idle' | 'close';
}

/** A tape that is being served. */
export interface RawServer {
  readonly url: string;
  /** Frames handed to sockets so far, over all connections. */
  framesSent(): number;
  close(): Promise<void>;
}

const WEBSOCKET_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const BUFFERS = 4;
const PING_MS = 30_000;
const OPCODE = { close: 8, ping: 9, pong: 10 } as const;
const MAX_CLIENT_BYTES = 1_048_576;

const controlFrame = (opcode: number, payload: Buffer): Buffer =>
  Buffer.concat([Buffer.from([0x80 | opcode, payload.length]), payload]);

/** A message of the client, unmasked. */
interface ClientFrame {
  opcode: number;
  payload: Buffer;
  rest: Buffer;
}

/** Reads one masked frame from what a client sent; undefined where it is not complete yet. */
const readClientFrame = (data: Buffer): ClientFrame | undefined => {
  if (data.length < 6) return undefined;
  const short = (data[1] as number) & 127;
  const header = short === 126 ? 4 : short === 127 ? 10 : 2;
  if (data.length < header + 4) return undefined;
  const length = short === 126 ? data.readUInt16BE(2) : short === 127 ? Number(data.readBigUInt64BE(2)) : short;
  const end = header + 4 + length;
  if (data.length < end) return undefined;
  const mask = data.subarray(header, header + 4);
  const payload = Buffer.from(data.subarray(header + 4, end));
  for (let index = 0; index < payload.length; index += 1) {
    payload[index] = (payload[index] as number) ^ (mask[index & 3] as number);
  }
  return { opcode: (data[0] as number) & 15, payload, rest: data.subarray(end) };
};

/** Writes a tape to one socket as fast as the socket takes it. */
class TapeWriter {
  readonly #tape: FrameTape;
  readonly #socket: Duplex;
  readonly #afterwards: 'idle' | 'close';
  readonly #free: Buffer[];
  readonly #pings: NodeJS.Timeout;
  #position: TapePosition;
  #left: number;
  #received: Buffer = Buffer.alloc(0);
  #done = false;
  sent = 0;

  constructor(socket: Duplex, tape: FrameTape, from: TapePosition, afterwards: 'idle' | 'close') {
    this.#tape = tape;
    this.#socket = socket;
    this.#afterwards = afterwards;
    this.#position = from;
    this.#left = Math.max(0, tape.count - tape.framesBefore(from));
    this.#free = Array.from({ length: BUFFERS }, () => Buffer.alloc(tape.maxChunkBytes));
    this.#pings = setInterval(() => this.#control(OPCODE.ping, Buffer.alloc(0)), PING_MS);
    socket.on('data', (data: Buffer) => this.#receive(data));
    socket.on('close', () => this.#stop());
    this.#write();
  }

  /** Fills every free buffer; each comes back when the socket has taken it, which is what holds this writer back. */
  #write(): void {
    while (!this.#done && this.#left > 0) {
      const target = this.#free.pop();
      if (target === undefined) return;
      const { pass, chunk, frame } = this.#position;
      this.#tape.render(pass, chunk, target);
      const starts = this.#tape.template.chunks[chunk]?.starts as Int32Array;
      const frames = Math.min(starts.length - 1 - frame, this.#left);
      this.#left -= frames;
      this.sent += frames;
      const last = chunk + 1 === this.#tape.template.chunks.length;
      this.#position = { pass: last ? pass + 1 : pass, chunk: last ? 0 : chunk + 1, frame: 0 };
      this.#socket.write(target.subarray(starts[frame], starts[frame + frames]), () => {
        this.#free.push(target);
        this.#write();
      });
    }
    if (this.#left === 0 && this.#afterwards === 'close' && !this.#done) this.#close(Buffer.from([0x03, 0xe8]));
  }

  #receive(data: Buffer): void {
    this.#received = this.#received.length === 0 ? data : Buffer.concat([this.#received, data]);
    for (;;) {
      const frame = readClientFrame(this.#received);
      if (frame === undefined) break;
      this.#received = frame.rest;
      if (frame.opcode === OPCODE.ping) this.#control(OPCODE.pong, frame.payload);
      if (frame.opcode === OPCODE.close) {
        if (!this.#done) this.#close(frame.payload.subarray(0, 2));
        this.#socket.end();
      }
    }
    if (this.#received.length > MAX_CLIENT_BYTES) this.#socket.destroy();
  }

  #control(opcode: number, payload: Buffer): void {
    if (!this.#done) this.#socket.write(controlFrame(opcode, payload));
  }

  #close(code: Buffer): void {
    this.#control(OPCODE.close, code);
    this.#stop();
  }

  #stop(): void {
    this.#done = true;
    clearInterval(this.#pings);
  }
}

const acceptKey = (request: IncomingMessage): string =>
  createHash('sha1')
    .update(`${request.headers['sec-websocket-key'] ?? ''}${WEBSOCKET_GUID}`)
    .digest('base64');

const startOf = (tape: FrameTape, url: string): TapePosition => {
  const cursor = Number(new URL(url, 'http://host').searchParams.get('cursor') ?? 0);
  return tape.positionAt(Number.isFinite(cursor) ? cursor : 0);
};

/**
 * Serves a tape to every connection, from its beginning or from `?cursor=` (inclusive; without one it starts at the
 * beginning, not at a live tip). Filters are ignored. Rejects where the port cannot be listened on.
 */
export const serveRaw = async (options: ServeRawOptions): Promise<RawServer> => {
  const { tape, port, host = '127.0.0.1', afterwards = 'idle' } = options;
  const sockets = new Set<Duplex>();
  const writers = new Set<TapeWriter>();
  let sentBefore = 0;
  const server = createServer((_, response) => response.writeHead(426).end());
  server.on('upgrade', (request: IncomingMessage, socket: Duplex) => {
    socket.on('error', () => socket.destroy());
    sockets.add(socket);
    socket.write(
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
        `Sec-WebSocket-Accept: ${acceptKey(request)}\r\n\r\n`,
    );
    const writer = new TapeWriter(socket, tape, startOf(tape, request.url ?? '/'), afterwards);
    writers.add(writer);
    socket.on('close', () => {
      sockets.delete(socket);
      writers.delete(writer);
      sentBefore += writer.sent;
    });
  });
  const taken = await new Promise<number>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => resolve((server.address() as AddressInfo).port));
  });
  return {
    url: `ws://${host}:${taken}/subscribe`,
    framesSent: () => [...writers].reduce((sum, writer) => sum + writer.sent, sentBefore),
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
};
