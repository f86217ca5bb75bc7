import { expect, test } from 'vitest';
import { formatBytes, formatCount, formatDuration, parseBytes, parseDuration } from '#pkg/runtime/quantities.ts';

test.each([
  ['500ms', 500],
  ['30s', 30_000],
  ['5m', 300_000],
  ['36h', 129_600_000],
  ['30d', 2_592_000_000],
  ['1h30m', 5_400_000],
  ['1.5s', 1500],
  ['0s', 0],
])('%s is %d ms', (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
});

test.each(['', '30', '30 s', 's', '-5s', '5y', '1e3s', '30S', `${'9'.repeat(30)}d`])('%j is not a duration', (text) => {
  expect(parseDuration(text)).toBeUndefined();
});

test('sizes', () => {
  expect(parseBytes('64MB')).toBe(67_108_864);
  expect(parseBytes('1.5kb')).toBe(1536);
  expect(parseBytes('100 B')).toBe(100);
  for (const text of ['', '64', 'MB', '-1MB', '1TB', '64M', `${'9'.repeat(30)}GB`])
    expect(parseBytes(text), text).toBeUndefined();
});

test('shown durations keep the two largest units', () => {
  const shown = [
    0,
    850,
    999.6,
    59_400,
    60_000,
    125_000,
    5_400_000,
    86_400_000,
    172_800_000,
    273_600_000,
    -1,
    Infinity,
  ].map(formatDuration);
  expect(shown).toEqual([
    '0 ms',
    '850 ms',
    '1000 ms',
    '59 s',
    '1 min',
    '2 min 5 s',
    '1 h 30 min',
    '24 h',
    '2 d',
    '3 d 4 h',
    '?',
    '?',
  ]);
});

test('shown sizes and counts', () => {
  expect([0, 830, 1434, 12_582_912, 1_503_238_553].map(formatBytes)).toEqual([
    '0 B',
    '830 B',
    '1.4 KB',
    '12 MB',
    '1.4 GB',
  ]);
  expect(formatCount(1_234_567.4)).toBe('1,234,567');
});
