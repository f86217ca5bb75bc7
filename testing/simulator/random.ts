/** A source of pseudo-random numbers that gives the same sequence for the same seed on every machine. */
export interface Random {
  /** The next 32 bits as an integer from 0 to 4294967295. */
  bits(): number;
  /** A number from 0 (included) to 1 (excluded). */
  float(): number;
  /** An integer from 0 (included) to `limit` (excluded); `limit` must be between 1 and 2^32. */
  below(limit: number): number;
  /** An integer from `min` to `max`, both included. */
  between(min: number, max: number): number;
  /** True with this probability. */
  chance(probability: number): boolean;
  /** One of the items; the list must not be empty. */
  pick<T>(items: readonly T[]): T;
}

/** Spreads one seed over many well mixed 32-bit words (a splitmix step on 32 bits). */
const splitmix = (seed: number): (() => number) => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return (mixed ^ (mixed >>> 15)) >>> 0;
  };
};

class Sfc32 implements Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(seed: number) {
    const word = splitmix(Math.floor(seed) ^ Math.floor(seed / 0x1_0000_0000));
    this.#a = word();
    this.#b = word();
    this.#c = word();
    for (let round = 0; round < 12; round += 1) this.bits();
  }

  bits(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  float(): number {
    return this.bits() / 0x1_0000_0000;
  }

  below(limit: number): number {
    return Math.floor(this.float() * limit);
  }

  between(min: number, max: number): number {
    return min + this.below(max - min + 1);
  }

  chance(probability: number): boolean {
    return this.float() < probability;
  }

  pick<T>(items: readonly T[]): T {
    const index = this.below(items.length);
    if (index >= items.length) throw new RangeError('pick needs at least one item');
    return items[index] as T;
  }
}

/** Makes a generator from a seed (any finite number; its integer part counts). Small, fast, not for secrets. */
export const createRandom = (seed: number): Random => new Sfc32(seed);

/** A function that picks an index from 0 to `weights.length - 1`, each as often as its weight says. */
export const weightedPicker = (weights: readonly number[], random: Random): (() => number) => {
  const upTo = new Float64Array(weights.length);
  let total = 0;
  weights.forEach((weight, index) => {
    if (!(weight >= 0)) throw new RangeError(`a weight must be zero or more, not ${weight}`);
    total += weight;
    upTo[index] = total;
  });
  if (!(total > 0)) throw new RangeError('at least one weight must be above zero');
  return () => {
    const wanted = random.float() * total;
    let low = 0;
    let high = upTo.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((upTo[middle] as number) > wanted) high = middle;
      else low = middle + 1;
    }
    return low;
  };
};

/** Weights of a Zipf distribution: rank 1 gets 1, rank 2 gets 1/2, rank n gets 1/n. */
export const zipfWeights = (count: number): number[] => Array.from({ length: count }, (_, rank) => 1 / (rank + 1));
