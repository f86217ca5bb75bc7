import { expect, test } from 'vitest';
import { ManualClock } from '#pkg/runtime/clock.ts';
import { aborted, orLate, unlessAborted } from '#pkg/runtime/waiting.ts';

const never = new Promise<never>(() => undefined);

test('aborted resolves with the signal, and at once where it has aborted', async () => {
  const controller = new AbortController();
  const waiting = aborted(controller.signal);
  expect(await Promise.race([waiting, Promise.resolve('waiting')])).toBe('waiting');
  controller.abort();
  await waiting;
  await aborted(AbortSignal.abort());
});

test('unlessAborted passes on what the work comes to, and rejects with the reason once nobody waits', async () => {
  const controller = new AbortController();
  expect(await unlessAborted(Promise.resolve(5), controller.signal)).toBe(5);
  await expect(unlessAborted(Promise.reject(new Error('broken')), controller.signal)).rejects.toThrow('broken');
  const waiting = unlessAborted(never, controller.signal);
  controller.abort(new Error('enough'));
  await expect(waiting).rejects.toThrow('enough');
  await expect(unlessAborted(never, controller.signal, () => new Error('ours'))).rejects.toThrow('ours');
});

test('orLate passes on what comes in time, errors too, and leaves no timer', async () => {
  const clock = new ManualClock();
  expect(await orLate(Promise.resolve('in time'), 100, 'late', clock)).toBe('in time');
  await expect(orLate(Promise.reject(new Error('broken')), 100, 'late', clock)).rejects.toThrow('broken');
  expect(clock.sleeping).toBe(0);
});

test('orLate says late for what does not come', async () => {
  const clock = new ManualClock();
  const answer = orLate(never, 100, 'late', clock);
  await clock.advance(99);
  expect(await Promise.race([answer, Promise.resolve('waiting')])).toBe('waiting');
  await clock.advance(1);
  expect(await answer).toBe('late');
});
