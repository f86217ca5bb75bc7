import { describe, expect, test } from 'vitest';
import { ManualClock } from '#pkg/runtime/clock.ts';
import { feedForTests } from '../feed-for-tests.ts';
import { createMemory } from './memory.ts';
import { rankingOf } from './room-for-tests.ts';

const feed = feedForTests();

describe('the memory', () => {
  test('has room for so many posts, of the rankings that were used last', () => {
    const clock = new ManualClock();
    const memory = createMemory(250, clock);
    const untilMs = clock.nowMs() + 1_000;
    const [first, second, third] = [rankingOf(feed, 0, 100), rankingOf(feed, 0, 100), rankingOf(feed, 0, 100)];
    memory.put(first, untilMs);
    memory.put(second, untilMs);
    expect(memory.get(first.id)).toBe(first);
    memory.put(third, untilMs);
    expect(memory.get(second.id)).toBeUndefined();
    expect(memory.get(first.id)).toBe(first);
    expect(memory.get(third.id)).toBe(third);
    // Put twice it takes its place once.
    memory.put(third, untilMs);
    expect(memory.get(first.id)).toBe(first);
    expect(memory.posts).toBeLessThanOrEqual(250);
  });

  test('is bounded for rankings without posts too', () => {
    const memory = createMemory(100, new ManualClock(0));
    const rankings = Array.from({ length: 200 }, () => rankingOf(feed, 0, 0));
    for (const ranking of rankings) memory.put(ranking, 1_000);
    expect(rankings.filter(({ id }) => memory.get(id) !== undefined).length).toBeLessThan(20);
  });

  test('forgets in time, and keeps longer what is put again', async () => {
    const clock = new ManualClock(0);
    const memory = createMemory(250, clock);
    const ranking = rankingOf(feed, 0, 5);
    memory.put(ranking, 100);
    await clock.advance(99);
    expect(memory.get(ranking.id)).toBe(ranking);
    memory.put(ranking, 200);
    await clock.advance(1);
    expect(memory.get(ranking.id)).toBe(ranking);
    await clock.advance(100);
    expect(memory.get(ranking.id)).toBeUndefined();
    expect(memory.posts).toBe(0);
  });
});
