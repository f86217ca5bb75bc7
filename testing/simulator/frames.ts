import { tidTimeUs } from './identifiers.ts';
import { createWorld, type Mix } from './world.ts';

/** How to make a template of frames for a benchmark. */
export interface PremakeOptions {
  /** Frames in the template, by default 100,000; a tape repeats it with fresh keys. */
  count?: number;
  seed: number;
  /** Accounts of the world behind it, by default 20,000. */
  accounts?: number;
  /** Time before the first frame, in microseconds; by default a day in May 2026. */
  startUs?: number;
  /** Events per second of the network's own time, by default 2,000. It says nothing about the speed of delivery. */
  eventsPerSecond?: number;
  /** By default a usual day without account events, so that no author is hidden in one pass and writes in the next. */
  mix?: Partial<Mix>;
  /** Bytes in one chunk, by default 256 KiB. A frame is never cut. */
  chunkBytes?: number;
}

/** Ready-made websocket frames, one after the other, and where in them every field is that changes from pass to pass. */
export interface TemplateChunk {
  /** Whole unmasked server-to-client text frames, headers included. */
  readonly bytes: Buffer;
  /** Where each frame begins, and at the end where the last one ends: one more entry than frames. */
  readonly starts: Int32Array;
  /** Offset of the digits of `time_us` and microseconds since the start, for each frame. */
  readonly times: Int32Array;
  /** Offset of a TID of this template, and which entry of the pass's table its upper letters are. */
  readonly tids: Int32Array;
  /** Offset of a date, and milliseconds since the template's first date. */
  readonly dates: Int32Array;
  /** Offset of the letters of a did:plc, and its number. */
  readonly dids: Int32Array;
}

/** A template: one pass of a tape. */
export interface FrameTemplate {
  readonly chunks: readonly TemplateChunk[];
  readonly frames: number;
  /** Bytes of JSON in all frames, without websocket headers. */
  readonly payloadBytes: number;
  readonly startUs: number;
  /** How far apart two passes are: a multiple of 2^25 µs, so that the lower letters of a TID never change. */
  readonly passUs: number;
  /** The letters after `did:plc:` of every account, 24 bytes each. */
  readonly didLetters: Buffer;
}

/** Microseconds that the lower five time letters of a TID count through. */
export const TID_STEP_US = 0x200_0000;
/** Clients stamp and mint before the frame is sent, by no more than this. */
export const EARLY_US = 4_000_000;

const DEFAULT_START_US = 1_780_000_000_000_000;
const DEFAULT_COUNT = 100_000;
const DEFAULT_ACCOUNTS = 20_000;
const DEFAULT_RATE = 2_000;
const DEFAULT_CHUNK_BYTES = 262_144;
const DID_LETTERS = 24;
const MAX_SPAN_US = 0x7fff_ffff;

/** The header of an unmasked, final text frame that carries so many bytes. */
export const textFrameHeader = (payloadBytes: number): Buffer => {
  if (payloadBytes < 126) return Buffer.from([0x81, payloadBytes]);
  if (payloadBytes < 65_536) return Buffer.from([0x81, 126, payloadBytes >>> 8, payloadBytes & 255]);
  const header = Buffer.alloc(10);
  header[0] = 0x81;
  header[1] = 127;
  header.writeBigUInt64BE(BigInt(payloadBytes), 2);
  return header;
};

const TIME = /"time_us":(?=\d{16},)/g;
const TIDS = /(?<="(?:rev|rkey)":"|\/[a-z]+(?:\.[a-zA-Z]+)+\/)[234567a-j][234567a-z]{12}(?=")/g;
const DATES = /(?<=")\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(?=Z")/g;
const DIDS = /(?<=did:plc:)[a-z2-7]{24}(?![a-z2-7])/g;

/** Collects the frames of one chunk and notes their changing fields. */
class ChunkBuilder {
  readonly #startUs: number;
  readonly #endUs: number;
  readonly #didNumbers: Map<string, number>;
  #parts: Buffer[] = [];
  #starts: number[] = [0];
  #times: number[] = [];
  #tids: number[] = [];
  #dates: number[] = [];
  #dids: number[] = [];
  bytes = 0;

  constructor(startUs: number, endUs: number, didNumbers: Map<string, number>) {
    this.#startUs = startUs;
    this.#endUs = endUs;
    this.#didNumbers = didNumbers;
  }

  add(text: string, timeUs: number): number {
    const payload = Buffer.from(text);
    const header = textFrameHeader(payload.length);
    this.#note(payload.toString('latin1'), this.bytes + header.length, timeUs);
    this.#parts.push(header, payload);
    this.bytes += header.length + payload.length;
    this.#starts.push(this.bytes);
    return payload.length;
  }

  #note(latin: string, base: number, timeUs: number): void {
    const firstUs = this.#startUs - EARLY_US;
    for (const match of latin.matchAll(TIME)) {
      this.#times.push(base + match.index + match[0].length, timeUs - this.#startUs);
    }
    for (const match of latin.matchAll(TIDS)) {
      const us = tidTimeUs(match[0]);
      if (us < firstUs || us > this.#endUs) continue;
      this.#tids.push(base + match.index, Math.floor(us / TID_STEP_US) - Math.floor(firstUs / TID_STEP_US));
    }
    for (const match of latin.matchAll(DATES)) {
      const ms = Date.parse(`${match[0]}Z`);
      if (ms * 1000 < firstUs || ms * 1000 > this.#endUs) continue;
      this.#dates.push(base + match.index, ms - Math.floor(firstUs / 1000));
    }
    for (const match of latin.matchAll(DIDS)) {
      const number = this.#didNumbers.get(match[0]) ?? this.#didNumbers.size;
      this.#didNumbers.set(match[0], number);
      this.#dids.push(base + match.index, number);
    }
  }

  finish(): TemplateChunk {
    const chunk = {
      bytes: Buffer.concat(this.#parts),
      starts: Int32Array.from(this.#starts),
      times: Int32Array.from(this.#times),
      tids: Int32Array.from(this.#tids),
      dates: Int32Array.from(this.#dates),
      dids: Int32Array.from(this.#dids),
    };
    if (chunk.times.length !== 2 * (chunk.starts.length - 1)) throw new Error('every frame needs one time_us');
    return chunk;
  }
}

/** Makes realistic frames as they go over a socket, with every field located that a tape has to change. */
export const premakeFrames = (options: PremakeOptions): FrameTemplate => {
  const startUs = options.startUs ?? DEFAULT_START_US;
  const eventsPerSecond = options.eventsPerSecond ?? DEFAULT_RATE;
  const frames = options.count ?? DEFAULT_COUNT;
  const endUs = startUs + (frames / eventsPerSecond) * 1.2e6 + 1e6;
  if (endUs - startUs > MAX_SPAN_US) throw new RangeError('a template spans at most 35 minutes: raise eventsPerSecond');
  const mix = { account: 0, ...options.mix };
  const world = createWorld({
    seed: options.seed,
    accounts: options.accounts ?? DEFAULT_ACCOUNTS,
    startUs,
    eventsPerSecond,
    mix,
  });
  const didNumbers = new Map<string, number>();
  const chunks: TemplateChunk[] = [];
  let builder = new ChunkBuilder(startUs, endUs, didNumbers);
  let payloadBytes = 0;
  for (let made = 0; made < frames; made += 1) {
    const frame = world.next();
    payloadBytes += builder.add(frame.text, frame.timeUs);
    if (builder.bytes < (options.chunkBytes ?? DEFAULT_CHUNK_BYTES) && made + 1 < frames) continue;
    chunks.push(builder.finish());
    builder = new ChunkBuilder(startUs, endUs, didNumbers);
  }
  const passUs = TID_STEP_US * Math.ceil((world.nowUs() + EARLY_US - startUs) / TID_STEP_US);
  const didLetters = Buffer.from([...didNumbers.keys()].join(''), 'latin1');
  if (didLetters.length !== didNumbers.size * DID_LETTERS) throw new Error('every did:plc has 24 letters');
  return { chunks, frames, payloadBytes, startUs, passUs, didLetters };
};
