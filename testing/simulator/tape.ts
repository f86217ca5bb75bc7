import { EARLY_US, type FrameTemplate, TID_STEP_US, type TemplateChunk } from './frames.ts';
import { tidTime } from './identifiers.ts';

/** A place on a tape, between two frames. */
export interface TapePosition {
  pass: number;
  chunk: number;
  /** Frame within the chunk. */
  frame: number;
}

const UPPER_LETTERS = 6;
const DATE_LETTERS = 20;
const DID_LETTERS = 24;

const ascii = (digits: number): Uint8Array => {
  const table = new Uint8Array(10 ** digits * digits);
  for (let value = 0; value < 10 ** digits; value += 1) {
    table.set(Buffer.from(String(value).padStart(digits, '0'), 'latin1'), value * digits);
  }
  return table;
};
const FOUR_DIGITS = ascii(4);
const THREE_DIGITS = ascii(3);

const letters = (texts: readonly string[]): Uint8Array => Uint8Array.from(Buffer.from(texts.join(''), 'latin1'));

/** What all chunks of one pass have in common. */
interface PassTables {
  pass: number;
  /** The six upper letters of TIDs, one entry for every 2^25 µs of the pass. */
  uppers: Uint8Array;
  /** Milliseconds to add before a date's second is looked up. */
  restMs: number;
  /** `2026-05-25T14:23:28.` for every second of the pass. */
  seconds: Uint8Array;
  didShift: number;
}

const DIGITS = 4;

const writeTimes = (target: Uint8Array, times: Int32Array, baseUs: number): void => {
  for (let index = 0; index < times.length; index += 2) {
    const at = times[index] as number;
    const timeUs = baseUs + (times[index + 1] as number);
    const high = Math.floor(timeUs / 1e8);
    const low = timeUs - high * 1e8;
    const first = (high / 1e4) | 0;
    const third = (low / 1e4) | 0;
    let from = first * DIGITS;
    for (let digit = 0; digit < DIGITS; digit += 1) target[at + digit] = FOUR_DIGITS[from + digit] as number;
    from = (high - first * 1e4) * DIGITS;
    for (let digit = 0; digit < DIGITS; digit += 1) target[at + 4 + digit] = FOUR_DIGITS[from + digit] as number;
    from = third * DIGITS;
    for (let digit = 0; digit < DIGITS; digit += 1) target[at + 8 + digit] = FOUR_DIGITS[from + digit] as number;
    from = (low - third * 1e4) * DIGITS;
    for (let digit = 0; digit < DIGITS; digit += 1) target[at + 12 + digit] = FOUR_DIGITS[from + digit] as number;
  }
};

const writeTids = (target: Uint8Array, tids: Int32Array, uppers: Uint8Array): void => {
  for (let index = 0; index < tids.length; index += 2) {
    const at = tids[index] as number;
    const from = (tids[index + 1] as number) * UPPER_LETTERS;
    for (let letter = 0; letter < UPPER_LETTERS; letter += 1) target[at + letter] = uppers[from + letter] as number;
  }
};

const writeDates = (target: Uint8Array, dates: Int32Array, tables: PassTables): void => {
  const { seconds, restMs } = tables;
  for (let index = 0; index < dates.length; index += 2) {
    const at = dates[index] as number;
    const ms = (dates[index + 1] as number) + restMs;
    const second = (ms / 1000) | 0;
    const from = second * DATE_LETTERS;
    for (let letter = 0; letter < DATE_LETTERS; letter += 1) target[at + letter] = seconds[from + letter] as number;
    const rest = (ms - second * 1000) * 3;
    target[at + 20] = THREE_DIGITS[rest] as number;
    target[at + 21] = THREE_DIGITS[rest + 1] as number;
    target[at + 22] = THREE_DIGITS[rest + 2] as number;
  }
};

/**
 * A long run of distinct frames out of one template. Each pass has later times, TIDs and dates, and hands every part
 * that an account plays to another account, so that no record key comes twice and no two passes look alike to a
 * compressor. Fields keep their width: a pass costs a copy and some patches, a small part of what sending it costs.
 */
export class FrameTape {
  readonly template: FrameTemplate;
  /** Frames on the whole tape. */
  readonly count: number;
  readonly #accounts: number;
  readonly #letters: Uint8Array;
  #tables: PassTables;

  constructor(template: FrameTemplate, count: number) {
    this.template = template;
    this.count = count;
    this.#letters = template.didLetters;
    this.#accounts = template.didLetters.length / DID_LETTERS;
    this.#tables = this.#makeTables(0);
  }

  /** Bytes that a target needs to hold any chunk. */
  get maxChunkBytes(): number {
    return Math.max(...this.template.chunks.map((chunk) => chunk.bytes.length));
  }

  /** Copies a chunk of a pass into the target (`maxChunkBytes` long) and returns its length in bytes. */
  render(pass: number, chunkNumber: number, target: Buffer): number {
    const chunk = this.#chunk(chunkNumber);
    chunk.bytes.copy(target);
    if (this.#tables.pass !== pass) this.#tables = this.#makeTables(pass);
    const tables = this.#tables;
    writeTimes(target, chunk.times, this.template.startUs + pass * this.template.passUs);
    writeTids(target, chunk.tids, tables.uppers);
    writeDates(target, chunk.dates, tables);
    this.#writeDids(target, chunk.dids, tables.didShift);
    return chunk.bytes.length;
  }

  /** Where the first frame at or after this time is; the end of the tape where there is none. */
  positionAt(timeUs: number): TapePosition {
    const { startUs, passUs, chunks } = this.template;
    const pass = Math.max(0, Math.floor((timeUs - startUs) / passUs));
    const wanted = timeUs - startUs - pass * passUs;
    for (const [chunk, { times }] of chunks.entries()) {
      if ((times.at(-1) as number) < wanted) continue;
      let frame = 0;
      while ((times[frame * 2 + 1] as number) < wanted) frame += 1;
      return { pass, chunk, frame };
    }
    return { pass: pass + 1, chunk: 0, frame: 0 };
  }

  /** Frames on the tape before a position. */
  framesBefore(position: TapePosition): number {
    let frames = position.pass * this.template.frames + position.frame;
    for (let chunk = 0; chunk < position.chunk; chunk += 1) frames += this.#chunk(chunk).starts.length - 1;
    return frames;
  }

  #chunk(number: number): TemplateChunk {
    const chunk = this.template.chunks[number];
    if (chunk === undefined) throw new RangeError(`the template has no chunk ${number}`);
    return chunk;
  }

  #writeDids(target: Uint8Array, dids: Int32Array, shift: number): void {
    const all = this.#letters;
    const accounts = this.#accounts;
    for (let index = 0; index < dids.length; index += 2) {
      const at = dids[index] as number;
      let number = (dids[index + 1] as number) + shift;
      if (number >= accounts) number -= accounts;
      const from = number * DID_LETTERS;
      for (let letter = 0; letter < DID_LETTERS; letter += 1) target[at + letter] = all[from + letter] as number;
    }
  }

  #makeTables(pass: number): PassTables {
    const { startUs, passUs } = this.template;
    const firstUs = startUs - EARLY_US;
    const step = Math.floor(firstUs / TID_STEP_US) + pass * (passUs / TID_STEP_US);
    const uppers = Array.from({ length: passUs / TID_STEP_US + 3 }, (_, index) =>
      tidTime((step + index) * TID_STEP_US).slice(0, UPPER_LETTERS),
    );
    const firstMs = Math.floor(firstUs / 1000) + Math.floor((pass * passUs) / 1000);
    const firstSecond = Math.floor(firstMs / 1000);
    const seconds = Array.from({ length: Math.ceil(passUs / 1e6) + 10 }, (_, index) =>
      new Date((firstSecond + index) * 1000).toISOString().slice(0, DATE_LETTERS),
    );
    return {
      pass,
      uppers: letters(uppers),
      restMs: firstMs - firstSecond * 1000,
      seconds: letters(seconds),
      didShift: (Math.floor(this.#accounts * 0.381_966) * pass) % Math.max(1, this.#accounts),
    };
  }
}
