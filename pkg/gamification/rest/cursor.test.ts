import { expect, test } from 'vitest';
import { readCursor, writeCursor } from './cursor.ts';

const ALICE = 'did:plc:aliceaaaaaaaaaaaaaaaaaaa';

test.each([1, 7, 4_294_967_296, Number.MAX_SAFE_INTEGER])('%d comes back as it went', (id) => {
  const cursor = writeCursor(ALICE, id);
  expect(cursor).toMatch(/^[\w-]+$/);
  expect(readCursor(ALICE, cursor)).toBe(id);
});

const text = (plain: string) => Buffer.from(plain, 'utf8').toString('base64url');
const good = writeCursor(ALICE, 41);
const mark = Buffer.from(good, 'base64url').toString('utf8').split('.')[1] ?? '';

test.each([
  ['of somebody else', writeCursor('did:plc:bobaaaaaaaaaaaaaaaaaaaaa', 41)],
  ['with another id', text(`42.${mark}`)],
  ['with another mark', text(`41.${mark.replaceAll(/./g, '0')}`)],
  ['without a mark', text('41')],
  ['with zeros before it', text(`041.${mark}`)],
  ['of an id that is no id', text(`0.${mark}`)],
  ['of one below 0', text(`-41.${mark}`)],
  ['of one that does not fit', text(`99999999999999999999.${mark}`)],
  ['with a sign after it', `${good}=`],
  ['cut off', good.slice(0, -2)],
  ['with a NUL', text(`41.${mark}\0`)],
  ['of nothing', ''],
  ['of SQL', text('1 OR 1=1; DROP TABLE users; --')],
  ['of what is no base64', '!!!'],
])('one %s is none', (...[, cursor]) => {
  expect(readCursor(ALICE, cursor)).toBeUndefined();
});
