import { beforeEach, describe, expect, it } from 'vitest';
import { SuspectLine } from '#pkg/bus/suspects.ts';
import { ManualClock } from '#pkg/runtime/clock.ts';
import type { Delivery } from './delivery.ts';

const never = new AbortController().signal;
const suspect = (streamSequence: number, deliveryCount: number) => ({
  key: String(streamSequence),
  delivery: { streamSequence, deliveryCount } as Delivery,
});

describe('the line of suspects', () => {
  let clock: ManualClock;
  let line: SuspectLine<ReturnType<typeof suspect>>;
  /** Sequence, and whether it is guilty. */
  const take = async () => {
    const next = await line.next(never);
    line.left();
    return next === undefined ? undefined : [next.held.delivery.streamSequence, next.isGuilty];
  };
  beforeEach(() => {
    clock = new ManualClock();
    line = new SuspectLine(clock);
  });

  it('gives the lowest first', async () => {
    for (const sequence of [7, 3, 5]) line.add(suspect(sequence, 2));
    expect([await take(), await take(), line.size, await take(), await take()]).toEqual([
      [3, false],
      [5, false],
      1,
      [7, false],
      undefined,
    ]);
  });

  it('finds only the first guilty, and waits for one that comes a little later than those above it', async () => {
    line.add(suspect(5, 4));
    line.add(suspect(6, 4));
    const first = take();
    expect(clock.sleeping).toBe(1);
    line.add(suspect(4, 4));
    await clock.advance(200);
    expect([await first, await take(), await take()]).toEqual([
      [4, true],
      [5, false],
      [6, false],
    ]);
  });

  it('finds nobody guilty who has attempts left, nor anybody behind', async () => {
    line.add(suspect(1, 3));
    line.add(suspect(2, 4));
    const first = take();
    await clock.advance(200);
    expect([await first, await take()]).toEqual([
      [1, false],
      [2, false],
    ]);
  });

  it('is the same line while others come at once, and another one later', async () => {
    line.add(suspect(1, 2));
    await take();
    await clock.advance(900);
    line.add(suspect(2, 4));
    expect(await take()).toEqual([2, false]);
    await clock.advance(1_001);
    line.add(suspect(3, 4));
    const later = take();
    await clock.advance(200);
    expect(await later).toEqual([3, true]);
  });
});
