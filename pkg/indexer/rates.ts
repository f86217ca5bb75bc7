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

  /** Every collection that was seen since the start, the busiest first. Rates are over all that is remembered. */
  collections(): CollectionRate[] {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    if (first === undefined || last === undefined) return [];
    const seconds = Math.max(1, (last.atMs - first.atMs) / 1000);
    const rates = [...last.collections].map(([collection, count]) => ({
      collection,
      perSecond: Math.max(0, count - (first.collections.get(collection) ?? 0)) / seconds,
      history: this.#series((sample) => sample.collections.get(collection) ?? 0),
    }));
    return rates.toSorted((a, b) => b.perSecond - a.perSecond || a.collection.localeCompare(b.collection));
  }

  #series(counter: (sample: Sample) => number): number[] {
    return this.#samples.slice(1).map((_, index) => this.#rateAt(index + 1, counter));
  }

  #rateAt(index: number, counter: (sample: Sample) => number): number {
    const at = this.#samples[index];
    if (at === undefined) return 0;
    let from = index;
    while (from > 0 && at.atMs - (this.#samples[from] as Sample).atMs < calmMs) from -= 1;
    const start = this.#samples[from] as Sample;
    const seconds = (at.atMs - start.atMs) / 1000;
    return seconds <= 0 ? 0 : Math.max(0, counter(at) - counter(start)) / seconds;
  }
}
