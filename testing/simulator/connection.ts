import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { FrameLog, LoggedFrame } from './frame-log.ts';
import { type Filter, parseOptionsUpdate, passes, type Subscription } from './subscription.ts';
import type { ConnectionScript, TransportFault } from './transport-faults.ts';

/** What a connection to a subscriber is made of. */
export interface ConnectionParts {
  ws: WebSocket;
  socket: Duplex;
  log: FrameLog;
  subscription: Subscription;
  script: ConnectionScript;
  /** Bytes that may wait in this process for a slow reader. */
  maxBufferedBytes: number;
  /** Added to every `time_us` that this host sends. */
  timeOffsetUs: number;
}

const FRAMES_A_TURN = 512;
const TOO_SLOW = 1008;
const TIME = /"time_us":(\d+)/;

/** The same frame with its `time_us` moved; a frame without one stays as it is. */
const shiftTime = (data: Buffer, byUs: number): Buffer =>
  Buffer.from(data.toString().replace(TIME, (_, digits: string) => `"time_us":${Number(digits) + byUs}`));

/** Sends the log to one subscriber, never faster than the subscriber reads, and lets the scripted faults happen. */
export class Connection {
  readonly #parts: ConnectionParts;
  #filter: Filter;
  #position: number;
  #state: 'waiting' | 'open' | 'stalled' | 'ended' = 'open';
  #answersPings = true;
  #scheduled = false;
  #sent = 0;
  #waitsForRoom = false;
  #backFrames = 0;
  #backUs = 0;
  readonly #recent: Buffer[] = [];
  /** Runs after each frame has left: the socket's own drain event stays silent where only a little was waiting. */
  readonly #flushed = (): void => {
    if (this.#waitsForRoom) this.#pump();
  };
  readonly #stopListening: () => void;
  #resume: NodeJS.Timeout | undefined;

  constructor(parts: ConnectionParts) {
    const { ws, socket, log, subscription, script } = parts;
    this.#parts = parts;
    this.#filter = subscription.filter;
    this.#position = this.#startingPosition();
    if (subscription.waitForHello) this.#state = 'waiting';
    if (script.silent) this.#state = 'stalled';
    this.#stopListening = log.onAppend(() => this.#pump());
    ws.on('message', (data: Buffer) => this.#update(data.toString()));
    ws.on('error', () => socket.destroy());
    ws.once('close', () => this.#end());
    this.#pump();
  }

  /** Frames sent so far, repeated ones included. */
  get sent(): number {
    return this.#sent;
  }

  /** Bytes that wait in this process for the reader. */
  get bufferedBytes(): number {
    return this.#parts.ws.bufferedAmount;
  }

  /** Sends a ping, unless a fault has silenced them. */
  ping(): void {
    if (this.#answersPings && this.#parts.ws.readyState === this.#parts.ws.OPEN) this.#parts.ws.ping();
  }

  /** Destroys the socket without a closing handshake. */
  drop(): void {
    this.#end();
    this.#parts.socket.destroy();
  }

  /** Closes with a code, as a server that goes away does. */
  close(code: number, reason = ''): void {
    this.#end();
    this.#parts.ws.close(code, reason);
  }

  #startingPosition(): number {
    const { log, subscription, script, timeOffsetUs } = this.#parts;
    if (subscription.cursorUs === undefined) return log.end;
    const wantedUs = subscription.cursorUs - timeOffsetUs;
    const oldestUs = script.lookBackMs === undefined ? 0 : log.newestUs - script.lookBackMs * 1000;
    return log.positionAt(Math.max(wantedUs, oldestUs));
  }

  #update(message: string): void {
    const update = parseOptionsUpdate(message);
    if (!update.ok) {
      this.close(TOO_SLOW, update.reason.slice(0, 120));
      return;
    }
    this.#filter = update.value;
    if (this.#state === 'waiting') this.#state = 'open';
    this.#pump();
  }

  #end(): void {
    this.#state = 'ended';
    this.#stopListening();
    clearTimeout(this.#resume);
  }

  #pump(): void {
    if (this.#state !== 'open' || this.#scheduled) return;
    const { socket, log } = this.#parts;
    socket.cork();
    let turns = FRAMES_A_TURN;
    while (turns > 0 && this.#step()) turns -= 1;
    socket.uncork();
    if (turns > 0 || this.#position >= log.end) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#pump();
    });
  }

  /** Sends at most one frame of the log; false where the next one has to wait. */
  #step(): boolean {
    const { log, script } = this.#parts;
    const frame = log.at(this.#position);
    if (frame === undefined) {
      if (this.#position < log.start) this.close(TOO_SLOW, 'consumer too slow');
      return false;
    }
    this.#waitsForRoom = !this.#hasRoom(frame);
    if (this.#waitsForRoom) return false;
    const fault = script.due(this.#sent);
    if (fault !== undefined) this.#suffer(fault);
    if (this.#state !== 'open') return false;
    this.#position += 1;
    if (passes(this.#filter, frame.data)) this.#send(this.#stamped(frame.data));
    return true;
  }

  #hasRoom(frame: LoggedFrame): boolean {
    const buffered = this.bufferedBytes;
    return buffered === 0 || buffered + frame.data.length <= this.#parts.maxBufferedBytes;
  }

  #stamped(data: Buffer): Buffer {
    let byUs = this.#parts.timeOffsetUs;
    if (this.#backFrames > 0) {
      this.#backFrames -= 1;
      byUs -= this.#backUs;
    }
    return byUs === 0 ? data : shiftTime(data, byUs);
  }

  #send(data: Buffer): void {
    this.#sent += 1;
    this.#recent.push(data);
    if (this.#recent.length > 256) this.#recent.splice(0, 128);
    this.#parts.ws.send(data, { binary: false }, this.#flushed);
  }

  #suffer(fault: TransportFault): void {
    switch (fault.kind) {
      case 'close':
        return this.close(fault.code ?? 1000);
      case 'drop':
        return this.drop();
      case 'stall':
        return this.#stall(fault.pings ?? true, fault.forMs);
      case 'duplicate':
        for (const data of this.#recent.slice(-(fault.frames ?? 10))) this.#send(data);
        return;
      case 'time-back':
        this.#backFrames = fault.frames ?? 5;
        this.#backUs = fault.backUs ?? 30_000;
        return;
      case 'binary':
        this.#parts.ws.send(Buffer.from([0, 1, 2, 255]), { binary: true });
        return;
      case 'invalid-utf8':
        this.#parts.ws.send(Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d]), { binary: false });
        return;
      case 'refuse':
      case 'silent':
      case 'clamp':
        return;
    }
  }

  #stall(pings: boolean, forMs: number | undefined): void {
    this.#state = 'stalled';
    this.#answersPings = pings;
    if (forMs === undefined) return;
    this.#resume = setTimeout(() => {
      this.#state = 'open';
      this.#answersPings = true;
      this.#pump();
    }, forMs);
  }
}
