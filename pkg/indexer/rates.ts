import type { Progress } from './progress.ts';

/** One look at the counters. */
interface Sample {
  readonly atMs: number;
  readonly events: number;
  readonly collections: ReadonlyMap<string, number>;
}

/** How fast one collection comes in. */
export interface CollectionRate {
  /** `post`, `like`, ...; also `identity`, `account`, and `other` for collections that are not indexed. */
  readonly collection: string;
  readonly perSecond: number;
  /** Operations a second at each sample, oldest first; empty where nobody sampled. */
  readonly history: readonly number[];
}

const maxSamples = 121;
/** Rates shown to people look this far back, so that they are calm. */
const calmMs = 5_000;
const collectionMs = 15_000;

/** `post/create` and `post/delete` together as `post`. */
export const byCollection = (operations: ReadonlyMap<string, number>): Map<string, number> => {
  const sums = new Map<string, number>();
  for (const [name, count] of operations) {
    const collection = name.split('/', 1)[0] ?? name;
    sums.set(collection, (sums.get(collection) ?? 0) + count);
  }
  return sums;
};

/** Turns the rising counters of a running indexer into rates over the last two minutes. Sample it once a second. */
export class RateMeter {
  readonly #progress: Progress;
  readonly #samples: Sample[] = [];

  constructor(progress: Progress) {
    this.#progress = progress;
  }

  sample(nowMs: number): void {
    const { events, operations } = this.#progress;
    this.#samples.push({ atMs: nowMs, events, collections: byCollection(operations) });
    if (this.#samples.length > maxSamples) this.#samples.shift();
  }

  /** Events a second over the last five seconds. */
  get eventsPerSecond(): number {
    return this.#rateAt(this.#samples.length - 1, (sample) => sample.events);
  }

  /** Events a second at each sample, oldest first. */
  history(): number[] {
    return this.#series((sample) => sample.events);
  }

  /** Seconds over which `collections` measures: at most fifteen, as batches of a second or two make shorter ones jump. */
  get collectionSeconds(): number {
    const last = this.#samples.at(-1);
    const first = this.#samples[this.#before(this.#samples.length - 1, collectionMs)];
    return last === undefined || first === undefined ? 1 : Math.max(1, (last.atMs - first.atMs) / 1000);
  }

  /** Every collection that was seen since the start, the busiest first. */
  collections(): CollectionRate[] {
    const last = this.#samples.at(-1);
    if (last === undefined) return [];
    const newest = this.#samples.length - 1;
    const rates = [...last.collections.keys()].map((collection) => ({
      collection,
      perSecond: this.#rateAt(newest, (sample) => sample.collections.get(collection) ?? 0, collectionMs),
      history: this.#series((sample) => sample.collections.get(collection) ?? 0),
    }));
    return rates.toSorted((a, b) => b.perSecond - a.perSecond || a.collection.localeCompare(b.collection));
  }

  #series(counter: (sample: Sample) => number): number[] {
    return this.#samples.slice(1).map((_, index) => this.#rateAt(index + 1, counter));
  }

  /** The sample that is `windowMs` older, or the first one. */
  #before(index: number, windowMs: number): number {
    const atMs = this.#samples[index]?.atMs ?? 0;
    let from = index;
    while (from > 0 && atMs - (this.#samples[from] as Sample).atMs < windowMs) from -= 1;
    return from;
  }

  #rateAt(index: number, counter: (sample: Sample) => number, windowMs = calmMs): number {
    const at = this.#samples[index];
    const start = this.#samples[this.#before(index, windowMs)];
    if (at === undefined || start === undefined) return 0;
    const seconds = (at.atMs - start.atMs) / 1000;
    return seconds <= 0 ? 0 : Math.max(0, counter(at) - counter(start)) / seconds;
  }
}
