/**
 * Remembers, approximately and in constant memory, which records were ever updated or deleted (a Bloom filter).
 *
 * Why: a create that arrives after its own delete must not live. The tables know, but asking them for each of 100,000
 * creates a second is out of the question, and nearly none has a revision. The filter never forgets a record it was
 * given; a false alarm only costs one more key in the next look-up. 64 MiB hold 40 million records at about 1 % false
 * alarms, and with 100 million still answer for six creates in seven.
 */
export class RevisionFilter {
  readonly #words: Uint32Array;
  readonly #blockMask: number;

  constructor(bytes = 67_108_864) {
    const blocks = 2 ** Math.floor(Math.log2(bytes / blockBytes));
    this.#words = new Uint32Array((blocks * blockBytes) / 4);
    this.#blockMask = blocks - 1;
  }

  add(actorId: bigint, key: bigint): void {
    const start = this.#block(actorId, key);
    let bits = second;
    for (let probe = 0; probe < probes; probe += 1) {
      const at = start + ((bits >>> 5) & wordMask);
      this.#words[at] = (this.#words[at] as number) | (1 << (bits & 31));
      bits = nextProbe(bits);
    }
  }

  clear(): void {
    this.#words.fill(0);
  }

  has(actorId: bigint, key: bigint): boolean {
    const start = this.#block(actorId, key);
    let bits = second;
    for (let probe = 0; probe < probes; probe += 1) {
      if (((this.#words[start + ((bits >>> 5) & wordMask)] as number) & (1 << (bits & 31))) === 0) return false;
      bits = nextProbe(bits);
    }
    return true;
  }

  /** The first word of a record's block; leaves the mix that chooses its bits in `second`. */
  #block(actorId: bigint, key: bigint): number {
    cells[0] = actorId;
    cells[1] = key;
    const keyLow = halves[2] as number;
    const keyHigh = halves[3] as number;
    second = mix((halves[1] as number) ^ Math.imul(keyLow, 0xc2b2ae35) ^ Math.imul(keyHigh, 0x27d4eb2f));
    const first = mix((halves[0] as number) ^ Math.imul(keyLow, 0x9e3779b1) ^ Math.imul(keyHigh, 0x85ebca6b));
    return (first & this.#blockMask) * (blockBytes / 4);
  }
}

/** All bits of a record lie in one cache line, so that a look-up waits for memory once and not six times. */
const blockBytes = 64;
const wordMask = blockBytes / 4 - 1;
const probes = 6;
let second = 0;

const nextProbe = (bits: number): number => (Math.imul(bits, 0x2c1b3c6d) ^ (bits >>> 12)) + 0x297a2d39;

const cells = new BigUint64Array(2);
const halves = new Uint32Array(cells.buffer);

const mix = (value: number): number => {
  let mixed = value ^ (value >>> 16);
  mixed = Math.imul(mixed, 0x7feb352d);
  mixed ^= mixed >>> 15;
  mixed = Math.imul(mixed, 0x846ca68b);
  return mixed ^ (mixed >>> 16);
};
