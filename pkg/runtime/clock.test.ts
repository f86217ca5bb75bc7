import { describe, expect, test } from 'vitest';
import { ManualClock, systemClock } from '#pkg/runtime/clock.ts';
import { isAbortError } from '#pkg/runtime/errors.ts';

describe('ManualClock', () => {
  test('wakes sleepers in the order of their times, each seeing its own time', async () => {
    const clock = new ManualClock(0);
    const woken: [string, number][] = [];
    const note = (name: string) => () => woken.push([name, clock.nowMs()]);
    void clock.sleep(30).then(note('late'));
    void clock.sleep(10).then(note('early'));
    await clock.advance(9);
    expect(woken).toEqual([]);
    await clock.advance(31);
    expect(woken).toEqual([
      ['early', 10],
      ['late', 30],
    ]);
    expect(clock.nowMs()).toBe(40);
  });

  test('a sleeper that sleeps again inside the same advance is woken again', async () => {
    const clock = new ManualClock(0);
    let ticks = 0;
    void (async () => {
      for (;;) {
        await clock.sleep(10);
        ticks += 1;
      }
    })();
    await clock.advance(55);
    expect(ticks).toBe(5);
  });

  test('an abort rejects the sleep and forgets it', async () => {
    const clock = new ManualClock();
    const controller = new AbortController();
    const sleep = clock.sleep(1000, controller.signal);
    expect(clock.sleeping).toBe(1);
    controller.abort();
    await expect(sleep).rejects.toSatisfy(isAbortError);
    expect(clock.sleeping).toBe(0);
    await expect(clock.sleep(1, controller.signal)).rejects.toSatisfy(isAbortError);
  });
});

describe('systemClock', () => {
  test('an abort ends a sleep that is longer than a timer can hold', async () => {
    const controller = new AbortController();
    const sleep = systemClock.sleep(90 * 86_400_000, controller.signal);
    controller.abort();
    await expect(sleep).rejects.toSatisfy(isAbortError);
  });

  test('sleeps for about as long as asked', async () => {
    const before = performance.now();
    await systemClock.sleep(20);
    expect(performance.now() - before).toBeGreaterThanOrEqual(18);
  });
});
