import { expect, test } from 'vitest';
import { readCursor, writeCursor } from './cursor.ts';

const place = { requestedAtMs: 1_700_000_000_123, id: '0f8fad5b-d9cb-469f-a165-70867728950e' };

test('a cursor leads back to its place, and is safe in a URL', () => {
  const cursor = writeCursor(place);
  expect(readCursor(cursor)).toEqual(place);
  expect(encodeURIComponent(cursor)).toBe(cursor);
});

test.each([
  ['', 'empty'],
  ['!!!', 'no base64'],
  [Buffer.from('1700000000123').toString('base64url'), 'half of one'],
  [Buffer.from(`-1.${place.id}`).toString('base64url'), 'a negative time'],
  [Buffer.from(`9999999999999999999.${place.id}`).toString('base64url'), 'a time beyond any'],
  [Buffer.from(`1.${place.id}'; --`).toString('base64url'), 'more than one'],
])('%j is none: %s', (text) => {
  expect(readCursor(text)).toBeUndefined();
});
