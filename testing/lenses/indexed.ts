import { createLenses, type Lenses } from '#pkg/analysis/lenses.ts';
import { openThrowaway, type ThrowawayClickHouse } from '#pkg/clickhouse/throwaway.ts';
import { type Clock, systemClock } from '#pkg/runtime/clock.ts';
import { createLogger } from '#pkg/runtime/log.ts';
import { emptyTables, runFrames } from '#testing/crash/run-frames.ts';
import type { Oracle } from '#testing/oracle/oracle.ts';
import { LensReference } from './answer.ts';

const log = createLogger({ level: 'error' });
const size = { chunkFrames: 500 };

/** An index that can be filled, asked at any moment, and emptied again: one a process, as its engine is. */
export class Indexed {
  readonly #throwaway: ThrowawayClickHouse;

  private constructor(throwaway: ThrowawayClickHouse) {
    this.#throwaway = throwaway;
  }

  static async open(): Promise<Indexed> {
    return new Indexed(await openThrowaway({ url: process.env['CLICKHOUSE_URL'], log }));
  }

  get store(): ThrowawayClickHouse['store'] {
    return this.#throwaway.store;
  }

  /** Lets the real indexer take these frames, in this order. */
  async take(frames: readonly string[]): Promise<void> {
    await runFrames(this.store, frames, size);
  }

  /** The lenses at one moment, what they compare with measured at the same. */
  async lensesAt(nowMs: number): Promise<Lenses> {
    const clock: Clock = { nowMs: () => nowMs, sleep: (ms, signal) => systemClock.sleep(ms, signal) };
    const lenses = createLenses({ store: this.store, clock, log });
    await lenses.refreshReferences();
    return lenses;
  }

  empty(): Promise<void> {
    return emptyTables(this.store);
  }

  async close(): Promise<void> {
    await this.#throwaway[Symbol.asyncDispose]();
  }
}

/** When the first of some frames was seen, in milliseconds. */
export const firstMs = (frames: readonly string[]): number =>
  Math.floor((JSON.parse(frames[0] as string) as { time_us: number }).time_us / 1000);

/** The reference for a network of fewer accounts than scores are compared with. */
export const referenceAt = (oracle: Oracle, nowMs: number, dataSinceMs: number): LensReference =>
  new LensReference(oracle, { nowMs, dataSinceMs, actorIdOf: () => 0n });

/** Chooses the same elements for the same seed, however often it is asked: a plain congruential generator. */
export const chooser = (seed: number) => {
  let state = seed;
  return <Item>(items: readonly Item[], count: number): Item[] =>
    Array.from({ length: Math.min(count, items.length) }, () => {
      state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
      return items[Math.floor((state / 2 ** 31) * items.length)] as Item;
    });
};
