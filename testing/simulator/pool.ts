import type { Random } from './random.ts';

const TRIES = 12;

/**
 * Remembers the last `capacity` items that were added and not taken out. What falls off the end is forgotten, so the
 * memory of a world that runs for days stays bounded; its records live on in the network, they just get no more attention.
 */
export class Pool<T> {
  readonly #slots: (T | undefined)[] = [];
  readonly #capacity: number;
  #head = 0;
  #live = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Items held. */
  get size(): number {
    return this.#live;
  }

  /** Adds the newest item; the oldest is forgotten when the pool is full. */
  add(item: T): void {
    const slot = this.#head % this.#capacity;
    if (this.#slots[slot] === undefined) this.#live += 1;
    this.#slots[slot] = item;
    this.#head += 1;
  }

  /** An item, new ones far more often than old ones; undefined where none was found. */
  recent(random: Random): T | undefined {
    return this.#find(random, true, false);
  }

  /** Any item, each as likely; undefined where none was found. */
  any(random: Random): T | undefined {
    return this.#find(random, false, false);
  }

  /** Takes an item out, new ones somewhat more often; undefined where none was found. */
  take(random: Random): T | undefined {
    return this.#find(random, random.chance(0.5), true);
  }

  #find(random: Random, recent: boolean, remove: boolean): T | undefined {
    const span = Math.min(this.#head, this.#capacity);
    if (this.#live === 0) return undefined;
    for (let attempt = 0; attempt < TRIES; attempt += 1) {
      const share = random.float();
      const back = Math.floor(span * (recent ? share * share * share : share));
      const slot = (this.#head - 1 - back) % this.#capacity;
      const item = this.#slots[slot];
      if (item === undefined) continue;
      if (remove) {
        this.#slots[slot] = undefined;
        this.#live -= 1;
      }
      return item;
    }
    return undefined;
  }
}
