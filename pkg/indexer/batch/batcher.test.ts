import { describe, expect, it } from 'vitest';
import { ManualClock } from '#pkg/runtime/clock.ts';
import type { Batch } from './batch.ts';
import { Batcher } from './batcher.ts';

/** A batcher over flushes that end when the test says so. */
const setUp = (limits = { maxEvents: 10, maxBytes: 1_000_000, maxAgeMs: 1_000 }) => {
  const clock = new ManualClock();
  const flushed: number[] = [];
  const ends: { resolve: () => void; reject: (error: Error) => void }[] = [];
  const batcher = new Batcher({
    limits,
    clock,
    flush: (batch: Batch) => {
      flushed.push(batch.events);
      return new Promise((resolve, reject) => {
        ends.push({ resolve, reject });
      });
    },
    onTurn: () => {},
  });
  const take = (events: number) => {
    batcher.touch();
    batcher.open.events += events;
  };
  return { batcher, clock, flushed, ends, take };
};

const settled = async (promise: Promise<void>): Promise<boolean> => {
  const pending = Symbol('pending');
  const turn = new Promise((resolve) => {
    setImmediate(() => resolve(pending));
  });
  return (await Promise.race([promise.then(() => true), turn])) !== pending;
};

describe('Batcher', () => {
  it('flushes a full batch and lets the next fill meanwhile, but never a third', async () => {
    const { batcher, flushed, ends, take } = setUp();
    take(10);
    await batcher.room();
    expect(flushed).toEqual([10]);
    take(10);
    const waiting = batcher.room();
    expect(await settled(waiting)).toBe(false);
    expect(flushed).toEqual([10]);
    ends[0]?.resolve();
    await waiting;
    expect(flushed).toEqual([10, 10]);
  });

  it('flushes by bytes as well', async () => {
    const { batcher, flushed } = setUp({ maxEvents: 1_000, maxBytes: 100, maxAgeMs: 1_000 });
    batcher.touch();
    batcher.open.events = 1;
    batcher.open.addDeadFrame('x', 'y'.repeat(200));
    await batcher.room();
    expect(flushed).toEqual([1]);
  });

  it('flushes what waits too long, and nothing where nothing waits', async () => {
    const { batcher, clock, flushed, take } = setUp();
    batcher.tick();
    take(3);
    batcher.tick();
    expect(flushed).toEqual([]);
    await clock.advance(1_000);
    batcher.tick();
    expect(flushed).toEqual([3]);
  });

  it('carries the cursor over to the next batch', async () => {
    const { batcher, take } = setUp();
    batcher.open.cursorUs = 77;
    take(10);
    await batcher.room();
    expect(batcher.open.cursorUs).toBe(77);
    expect(batcher.open.events).toBe(0);
  });

  it('drains both batches', async () => {
    const { batcher, flushed, ends, take } = setUp();
    take(10);
    await batcher.room();
    take(4);
    const drained = batcher.drain();
    ends[0]?.resolve();
    await settled(drained);
    ends[1]?.resolve();
    await drained;
    expect(flushed).toEqual([10, 4]);
  });

  it('rejects for good once a flush has failed: the cursor must not pass what is not stored', async () => {
    const { batcher, ends, flushed, take } = setUp();
    take(10);
    await batcher.room();
    take(1);
    ends[0]?.reject(new Error('no'));
    await settled(batcher.room().catch(() => {}));
    await expect(batcher.room()).rejects.toThrow('no');
    await expect(batcher.drain()).rejects.toThrow('no');
    expect(flushed).toEqual([10]);
  });
});
