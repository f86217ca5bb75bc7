import { RevisionFilter } from './revision-filter.ts';

/** Creates held in each of two generations: at 100,000 a second they reach back the seconds that matter. */
const perGeneration = 500_000;
/** At half a million records that is 33 bits each: false alarms are one in thousands, and it fits the processor's cache. */
const bytes = 2_097_152;

/**
 * The creates of the last moments. A second create of one key within seconds of the first (between them a delete that
 * nobody could read) looks as prompt as any other; here it is noticed. Repeated frames are noticed too, which only costs
 * a look-up.
 */
export class RecentCreates {
  #young = new RevisionFilter(bytes);
  #old = new RevisionFilter(bytes);
  #count = 0;

  /** Notes a create and tells whether this key was created a moment ago. */
  seen(actorId: bigint, key: bigint): boolean {
    const known = this.#young.has(actorId, key) || this.#old.has(actorId, key);
    if (known) return true;
    if (this.#count === perGeneration) {
      [this.#young, this.#old] = [this.#old, this.#young];
      this.#young.clear();
      this.#count = 0;
    }
    this.#young.add(actorId, key);
    this.#count += 1;
    return false;
  }
}
