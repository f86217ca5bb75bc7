import { expect, it } from 'vitest';
import { createPageCache } from './page-cache.ts';

const pageOf = (text: string) => ({ text, next: undefined, posts: 0, anonymous: undefined });

it('holds pages until something is hidden', () => {
  let epoch = 1;
  const pages = createPageCache(10_000, () => epoch);
  pages.set('a', pageOf('one'));
  expect(pages.get('a')?.text).toBe('one');
  epoch = 2;
  expect(pages.get('a')).toBeUndefined();
  expect(pages.bytes).toBe(0);
});

it('never holds more than it may, and lets the oldest go', () => {
  const pages = createPageCache(10_000, () => 0);
  for (let n = 0; n < 500; n += 1) {
    pages.set(`key ${n}`, pageOf('x'.repeat(n)));
    expect(pages.bytes).toBeLessThanOrEqual(10_000);
  }
  expect(pages.get('key 0')).toBeUndefined();
  expect(pages.get('key 499')).toBeDefined();
  pages.set('large', pageOf('x'.repeat(20_000)));
  expect(pages.get('large')).toBeUndefined();
  expect(pages.get('key 499')).toBeDefined();
});
