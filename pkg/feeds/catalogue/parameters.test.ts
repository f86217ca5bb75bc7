import { expect, test } from 'vitest';
import type { SettingValue } from '../feed.ts';
import { checkPlaceholders, placeholdersOf, sampleParams } from './parameters.ts';

const check = (sql: string, settings: Readonly<Record<string, SettingValue>> = {}) =>
  checkPlaceholders({ file: 'feed.sql', sql, settings });

test('placeholders are found wherever they stand', () => {
  expect(placeholdersOf('{a:UInt64} { b : Array(String) } -- {c:String}\n {d:DateTime64(3)} {e} {1:X}')).toEqual([
    { name: 'a', type: 'UInt64' },
    { name: 'b', type: 'Array(String)' },
    { name: 'c', type: 'String' },
    { name: 'd', type: 'DateTime64(3)' },
  ]);
});

test('one that is not known is said with what may be used', () => {
  expect(check('{viewr:UInt64}', { window_hours: 3 })).toEqual([
    "feed.sql uses {viewr:UInt64}; a statement may use viewer, viewer_follows, viewer_langs, now and members and the feed's settings (window_hours). Did you mean viewer?",
  ]);
  expect(check('{zzzzzz:UInt64}')[0]).not.toContain('Did you mean');
  expect(check('{viewr:UInt64} {viewr:UInt64}')).toHaveLength(1);
  expect(check('{toString:String}')).toHaveLength(1);
  expect(check('{ranked_rows:UInt64}')).toHaveLength(1);
});

test('a type must be the documented one', () => {
  expect(check('{viewer:String}')).toEqual(['feed.sql uses {viewer:String}; viewer is written {viewer:UInt64}.']);
  expect(check("{now:DateTime64(3, 'UTC')} {now:DateTime64(3)} {members:Array(UInt64)}")).toEqual([]);
  expect(check('{now:DateTime}')).toHaveLength(1);
  expect(check('{viewer:Identifier}')).toHaveLength(1);
});

test.each<[SettingValue, string, boolean]>([
  [5, 'UInt8', true],
  [5, 'Float64', true],
  [-5, 'UInt8', false],
  [-5, 'Int64', true],
  [1.5, 'Float64', true],
  [1.5, 'UInt32', false],
  [5, 'String', false],
  ['x', 'String', true],
  ['x', 'Identifier', false],
  ['x', 'UInt64', false],
  [true, 'Bool', true],
  [true, 'String', false],
  [['x'], 'Array(String)', true],
  [['x'], 'String', false],
  [[1], 'Array(UInt64)', true],
  [[1.5], 'Array(UInt64)', false],
  [[], 'Array(String)', true],
  [[], 'Array(UInt32)', true],
  [[], 'String', false],
])('the setting %j as %s: %s', (value, type, ok) => {
  const mistakes = check(`{it:${type}}`, { it: value });
  expect(mistakes).toHaveLength(ok ? 0 : 1);
  // What it proposes is right.
  const proposed = /Write \{it:(.*?)\}/.exec(mistakes[0] ?? '')?.[1];
  if (!ok) expect(check(`{it:${proposed}}`, { it: value })).toEqual([]);
});

test('sample values are given to what is named, and to nothing else', () => {
  const sql = '{viewer:UInt64} {words:Array(String)} {unknown:String}';
  expect(sampleParams({ file: 'feed.sql', sql, settings: { words: ['a'], hours: 1 } })).toEqual({
    viewer: 0,
    words: ['a'],
  });
});
