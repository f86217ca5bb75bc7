import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { Connection } from './connection.ts';
import type { FrameLog, Loggable } from './frame-log.ts';
import { type LiveFeed, type LiveOptions, publishLive } from './live.ts';
import { parseSubscription } from './subscription.ts';
import { scriptFor, type TransportFault } from './transport-faults.ts';

/** How to serve a simulated host. */
export interface SimulatorOptions {
  /** The stream to serve; two hosts may serve the same one. */
  log: FrameLog;
  /** TCP port; 0 (the default) takes a free one. */
  port?: number;
  /** Address to listen on, by default 127.0.0.1. */
  host?: string;
  faults?: readonly TransportFault[];
  /** How much history is kept, counted back from the newest frame; all of it by default. */
  lookBackMs?: number;
  /** Milliseconds between pings, by default 30,000. */
  pingIntervalMs?: number;
  /** Bytes that may wait for one slow reader, by default 1 MiB. */
  maxBufferedBytes?: number;
  /** Added to every `time_us` this host sends: no two hosts stamp the same. */
  timeOffsetUs?: number;
}

/** A simulated Jetstream host that is listening. */
export interface Simulator {
  /** Address to subscribe to, `ws://127.0.0.1:PORT/subscribe`. */
  readonly url: string;
  readonly port: number;
  readonly log: FrameLog;
  /** Connections open now. */
  connections(): number;
  /** Connections that were asked for since the start, refused ones included. */
  accepted(): number;
  /** Frames sent on all connections so far, repeated ones included. */
  framesSent(): number;
  /** Bytes that wait for readers now, over all connections. */
  bufferedBytes(): number;
  /** Adds frames at the live tip. */
  append(frames: Iterable<Loggable>): void;
  /** Lets a world happen in real time on this host's log until it is stopped or the host closes. */
  publishAt(options: Omit<LiveOptions, 'log' | 'onAppend'>): LiveFeed;
  /** Destroys every open connection without a word. */
  dropAll(): void;
  /** From now on refuses connections with this HTTP status; undefined accepts them again. */
  refuseWith(status: number | undefined): void;
  /** Ends all connections and stops listening. */
  close(): Promise<void>;
}

const PING_MS = 30_000;
const MAX_BUFFERED_BYTES = 1_048_576;

const refuse = (socket: Duplex, status: number, reason: string): void => {
  socket.once('finish', () => socket.destroy());
  const head = `HTTP/1.1 ${status} Refused\r\nConnection: close\r\nContent-Type: text/plain\r\n`;
  socket.end(`${head}Content-Length: ${Buffer.byteLength(reason)}\r\n\r\n${reason}`);
};

const listen = (server: Server, port: number, host: string): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => resolve((server.address() as AddressInfo).port));
  });

class SimulatedHost implements Simulator {
  readonly log: FrameLog;
  url = '';
  port = 0;
  readonly #options: SimulatorOptions;
  readonly #server = createServer((_, response) => response.writeHead(404).end('this host only serves /subscribe\n'));
  readonly #sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  readonly #open = new Set<Connection>();
  readonly #feeds = new Set<LiveFeed>();
  #pings: NodeJS.Timeout | undefined;
  #accepted = 0;
  #sentByClosed = 0;
  #refuseStatus: number | undefined;

  constructor(options: SimulatorOptions) {
    this.#options = options;
    this.log = options.log;
    this.#server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      socket.on('error', () => socket.destroy());
      this.#upgrade(request, socket, head);
    });
  }

  async start(): Promise<void> {
    const host = this.#options.host ?? '127.0.0.1';
    this.port = await listen(this.#server, this.#options.port ?? 0, host);
    this.url = `ws://${host.includes(':') ? `[${host}]` : host}:${this.port}/subscribe`;
    this.#pings = setInterval(() => {
      for (const connection of this.#open) connection.ping();
    }, this.#options.pingIntervalMs ?? PING_MS);
  }

  connections(): number {
    return this.#open.size;
  }

  accepted(): number {
    return this.#accepted;
  }

  framesSent(): number {
    let sent = this.#sentByClosed;
    for (const connection of this.#open) sent += connection.sent;
    return sent;
  }

  bufferedBytes(): number {
    let bytes = 0;
    for (const connection of this.#open) bytes += connection.bufferedBytes;
    return bytes;
  }

  append(frames: Iterable<Loggable>): void {
    this.log.append(frames);
    this.#trim();
  }

  publishAt(options: Omit<LiveOptions, 'log' | 'onAppend'>): LiveFeed {
    const feed = publishLive({ ...options, log: this.log, onAppend: () => this.#trim() });
    this.#feeds.add(feed);
    return feed;
  }

  dropAll(): void {
    for (const connection of this.#open) connection.drop();
  }

  refuseWith(status: number | undefined): void {
    this.#refuseStatus = status;
  }

  async close(): Promise<void> {
    clearInterval(this.#pings);
    for (const feed of this.#feeds) feed.stop();
    this.dropAll();
    this.#sockets.close();
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }

  #trim(): void {
    const { lookBackMs } = this.#options;
    if (lookBackMs !== undefined) this.log.trimBefore(this.log.newestUs - lookBackMs * 1000);
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const asked = new URL(request.url ?? '/', 'http://host');
    if (asked.pathname !== '/subscribe') return refuse(socket, 404, 'this host only serves /subscribe\n');
    this.#accepted += 1;
    const script = scriptFor(this.#options.faults ?? [], this.#accepted);
    const status = this.#refuseStatus ?? script.refuseStatus;
    if (status !== undefined) return refuse(socket, status, 'refused by script\n');
    const subscription = parseSubscription(asked.searchParams);
    if (!subscription.ok) return refuse(socket, 400, `${subscription.reason}\n`);
    this.#sockets.handleUpgrade(request, socket, head, (ws) => {
      const connection = new Connection({
        ws,
        socket,
        log: this.log,
        subscription: subscription.value,
        script,
        maxBufferedBytes: this.#options.maxBufferedBytes ?? MAX_BUFFERED_BYTES,
        timeOffsetUs: this.#options.timeOffsetUs ?? 0,
      });
      this.#open.add(connection);
      ws.once('close', () => {
        this.#open.delete(connection);
        this.#sentByClosed += connection.sent;
      });
    });
  }
}

/** Starts a host that serves the Jetstream v1 wire. Rejects where the port cannot be listened on. */
export const startSimulator = async (options: SimulatorOptions): Promise<Simulator> => {
  const host = new SimulatedHost(options);
  await host.start();
  return host;
};
