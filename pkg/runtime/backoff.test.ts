import { expect, test } from 'vitest';
import { backoff } from '#pkg/runtime/backoff.ts';
import { type Clock } from '#pkg/runtime/clock.ts';
import { isAbortError } from '#pkg/runtime/errors.ts';

const instantClock: Clock = {
  nowMs: () => 0,
  sleep: (_ms, signal) => (signal?.aborted ? Promise.reject(new DOMException('', 'AbortError')) : Promise.resolve()),
};

test('pauses double up to the ceiling, and start over after a reset', async () => {
  const tries = backoff({ minMs: 100, maxMs: 1000, clock: instantClock, random: () => 0.999_999 });
  const pauses = [];
  for (let i = 0; i < 6; i += 1) pauses.push(await tries.next());
  expect(pauses).toEqual([200, 400, 800, 1000, 1000, 1000]);
  expect(tries.attempts).toBe(6);
  tries.reset();
  expect(await tries.next()).toBe(200);
});

test('the whole range is used, never less than the minimum, even after a thousand failures', async () => {
  let value = 0;
  const tries = backoff({ minMs: 50, maxMs: 30_000, clock: instantClock, random: () => value });
  for (let i = 0; i < 1200; i += 1) expect(await tries.next()).toBe(50);
  value = 0.5;
  expect(await tries.next()).toBe(15_025);
});

test('an abort ends the pause', async () => {
  const controller = new AbortController();
  controller.abort();
  const tries = backoff({ minMs: 1, maxMs: 2, clock: instantClock });
  await expect(tries.next(controller.signal)).rejects.toSatisfy(isAbortError);
});
