import { expect, test } from 'vitest';
import { parsed } from './sample-frames.ts';
import { Schedule } from './schedule.ts';
import { createWorld } from './world.ts';

test('the rest of a commit comes before what is due, what is due in its order and not early', () => {
  const schedule = new Schedule<string>();
  schedule.after(2, 'c');
  schedule.after(1, 'a');
  schedule.after(1, 'b');
  expect(schedule.take()).toBeUndefined();
  schedule.tick();
  expect(schedule.take()).toBe('a');
  schedule.next('second part');
  schedule.next('first part');
  expect(schedule.pressing).toBe(true);
  expect([schedule.take(), schedule.take(), schedule.take()]).toEqual(['first part', 'second part', 'b']);
  expect(schedule.pressing).toBe(false);
  expect(schedule.take()).toBeUndefined();
  schedule.tick();
  expect(schedule.take()).toBe('c');
  expect(() => schedule.after(0, 'now')).toThrow(RangeError);
  expect(() => schedule.after(8_192, 'too late')).toThrow(RangeError);
});

test('what is overdue presses, so that it cannot pile up', () => {
  const schedule = new Schedule<number>();
  for (let act = 0; act < 65; act += 1) schedule.after(1, act);
  schedule.tick();
  expect(schedule.pressing).toBe(true);
  schedule.take();
  expect(schedule.pressing).toBe(false);
});

test('damage never comes between the records of one commit', () => {
  const hostile = { probability: 0.7, faults: ['nul-in-text', 'created-future', 'cursor-key'] as const };
  const mix = { bulkFollow: 20 };
  const world = createWorld({ seed: 2, accounts: 3, startUs: 1.78e15, eventsPerSecond: 100, mix, hostile });
  const last = new Map<string, string>();
  for (const { did, commit } of parsed(Array.from({ length: 20_000 }, () => world.next()))) {
    if (commit === undefined) continue;
    expect(commit.rev >= (last.get(did) ?? '')).toBe(true);
    last.set(did, commit.rev);
  }
});
