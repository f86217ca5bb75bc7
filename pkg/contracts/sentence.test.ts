import { expect, test } from 'vitest';
import { sentence } from './sentence.ts';

test.each([
  ['the session has ended', 'The session has ended.'],
  ['There is no such analysis.', 'There is no such analysis.'],
  ['there is no account did:plc:abc', 'There is no account did:plc:abc.'],
  ['', '.'],
])('%j becomes %j', (text, expected) => {
  expect(sentence(text)).toBe(expected);
  expect(sentence(expected)).toBe(expected);
});
