import { expect, test } from 'vitest';
import { compareAnswers, describeComparison } from './compare.ts';

test('equal answers differ in nothing', () => {
  const answer = () => ({ posts: new Map([['a', { text: 'x', tags: ['1', '2'] }]]), seen: new Set(['p', 'q']), n: 3 });
  expect(compareAnswers(answer(), answer())).toEqual({ total: 0, messages: [] });
  expect(describeComparison(compareAnswers(answer(), answer()))).toBe('');
});

test('names each difference by its place', () => {
  const expected = {
    posts: new Map([
      ['a', { text: 'x', at: null }],
      ['b', { text: 'y', at: 1 }],
    ]),
    seen: new Set(['p']),
  };
  const found = {
    posts: new Map([
      ['a', { text: 'z', at: 0 }],
      ['c', { text: 'w', at: 1 }],
    ]),
    seen: new Set(['q']),
  };
  expect(compareAnswers(expected, found)).toEqual({
    total: 6,
    messages: [
      'posts / a / text: expected "x", found "z"',
      'posts / a / at: expected null, found 0',
      'posts / b: missing, expected {"text":"y","at":1}',
      'posts / c: not expected, found {"text":"w","at":1}',
      'seen / "p": missing, expected "p"',
      'seen / "q": not expected, found "q"',
    ],
  });
});

test('does not take a text for its number, nor a list for a map', () => {
  expect(compareAnswers({ n: 1 }, { n: '1' }).messages).toEqual(['n: expected 1, found "1"']);
  expect(compareAnswers(['a'], new Map([['0', 'a']])).total).toBe(1);
  expect(compareAnswers(1n, 2n).messages).toEqual(['answer: expected 1, found 2']);
});

test('ignores order only where asked, and repetition nowhere', () => {
  const [ab, ba, aab] = [{ tags: ['a', 'b'] }, { tags: ['b', 'a'] }, { tags: ['a', 'a', 'b'] }];
  expect(compareAnswers(ab, ba).total).toBe(2);
  expect(compareAnswers(ab, ba, { unordered: ['tags'] }).total).toBe(0);
  expect(compareAnswers(ab, aab, { unordered: ['tags'] }).total).toBe(1);
});

test('counts all differences and writes out the first', () => {
  const many = new Map(Array.from({ length: 1000 }, (_, n): [string, string] => [`k${n}`, 'v'.repeat(1000)]));
  const comparison = compareAnswers(many, new Map(), { maxMessages: 2 });
  expect(comparison.total).toBe(1000);
  expect(comparison.messages.map((message) => message.length < 250)).toEqual([true, true]);
  expect(describeComparison(comparison)).toMatch(/^1000 differences\nk0: missing.*\nk1: missing.*\nand 998 more$/);
});
