import { expect, it } from 'vitest';
import { isReadable, readLanguages } from './languages.ts';

it.each<[string | null, string[]]>([
  [null, []],
  ['', []],
  ['*', []],
  ['en, *;q=0.1', []],
  ['en', ['en']],
  ['pt-BR, EN-us;q=0.9', ['en', 'pt']],
  ['en,en-GB,en', ['en']],
  ['de;q=0, fr;q=0.0, es;q=0.001', ['es']],
  ['*;q=0, ja', ['ja']],
  ['zh-Hant-TW', ['zh']],
  ["en'; DROP TABLE posts --, pt", ['pt']],
  ["' OR 1=1, <script>, \u00e9\u00e8, a, toolonglanguage, 12", []],
  [',,;;q=,', []],
])('%j are %j', (header, languages) => {
  expect(readLanguages(header)).toEqual(languages);
});

it('reads no more of a header than anybody could mean', () => {
  const letters = 'abcdefghijklmnopqrstuvwxyz'.split('');
  const many = letters.flatMap((one) => letters.map((other) => one + other));
  expect(readLanguages(many.join(',')).length).toBeLessThanOrEqual(30);
  expect(readLanguages(`${' '.repeat(100_000)}en`)).toEqual([]);
});

it('a post in no language is for everybody, and every post for one who names none', () => {
  expect(isReadable([], ['en'])).toBe(true);
  expect(isReadable(['pt'], [])).toBe(true);
  expect(isReadable(['pt', 'en'], ['en'])).toBe(true);
  expect(isReadable(['pt'], ['en', 'de'])).toBe(false);
});
