import { expect, test } from 'vitest';
import { inParts } from './in-parts.ts';

const idsUpTo = (count: number): bigint[] => Array.from({ length: count }, (_, at) => BigInt(at));

test.each([
  [0, []],
  [1, [1]],
  [100, [100]],
  [101, [51, 50]],
  [1_000, [500, 500]],
  [12_001, [4_001, 4_001, 3_999]],
  [50_000, Array.from({ length: 10 }, () => 5_000)],
])('%i ids are asked about in parts that hold each once, two at a time', async (count, sizes) => {
  const asked: number[] = [];
  let running = 0;
  const rows = await inParts(idsUpTo(count), async (part) => {
    running += 1;
    expect(running).toBeLessThanOrEqual(2);
    asked.push(part.length);
    await new Promise((resolve) => setImmediate(resolve));
    running -= 1;
    return part;
  });
  expect(asked).toEqual(sizes);
  expect(rows.toSorted((one, other) => Number(one - other))).toEqual(idsUpTo(count));
});

test('a part that fails fails the whole, after the other has ended', async () => {
  let hasEnded = false;
  const asking = inParts(idsUpTo(200), async ([first]) => {
    if (first === 0n) throw new Error('broken');
    await new Promise((resolve) => setImmediate(resolve));
    hasEnded = true;
    return [];
  });
  await expect(asking).rejects.toThrow('broken');
  expect(hasEnded).toBe(true);
});
