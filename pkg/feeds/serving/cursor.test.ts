import { randomBytes } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createCursors } from './cursor.ts';

const cursors = createCursors(randomBytes(32));
const scope = { rkey: 'hot', did: 'did:plc:a' };
const place = { rankingId: randomBytes(12).toString('base64url'), position: 42 };
const written = cursors.write(place, scope) ?? '';

describe('a cursor', () => {
  it('leads back to its place', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 12, maxLength: 12 }),
        fc.nat(0xffff),
        fc.string(),
        (id, position, rkey) => {
          const there = { rankingId: Buffer.from(id).toString('base64url'), position };
          expect(cursors.read(cursors.write(there, { rkey, did: undefined }) ?? '', { rkey, did: undefined })).toEqual(
            there,
          );
        },
      ),
    );
  });

  it('with any bit of any byte changed is none', () => {
    const bytes = Buffer.from(written, 'base64url');
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const changed = Buffer.from(bytes);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(cursors.read(changed.toString('base64url'), scope)).toBeUndefined();
    }
  });

  it('with any character changed, or one more or less, is none', () => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/=. \u00e9';
    for (let at = 0; at < written.length; at += 1) {
      for (const char of alphabet) {
        const changed = written.slice(0, at) + char + written.slice(at + 1);
        if (changed !== written) expect(cursors.read(changed, scope)).toBeUndefined();
      }
    }
    for (const text of ['', written.slice(1), written.slice(0, -1), `${written}A`, `${written}=`, ` ${written}`]) {
      expect(cursors.read(text, scope)).toBeUndefined();
    }
  });

  it.each([
    ['another feed', { rkey: 'new', did: 'did:plc:a' }],
    ['another viewer', { rkey: 'hot', did: 'did:plc:b' }],
    ['one who is not signed in', { rkey: 'hot', did: undefined }],
    ['a feed and viewer whose names join alike', { rkey: 'hotdid:plc:', did: 'a' }],
  ])('is good for nobody but its own: %s', (_, other) => {
    expect(cursors.read(written, scope)).toEqual(place);
    expect(cursors.read(written, other)).toBeUndefined();
  });

  it('of another key is none, and a short key makes none', () => {
    expect(createCursors(randomBytes(32)).read(written, scope)).toBeUndefined();
    expect(() => createCursors(randomBytes(31))).toThrow('too short');
  });

  it('does not reach deeper than its two bytes, and takes no other id than a ranking has', () => {
    expect(cursors.write({ ...place, position: 0x10000 }, scope)).toBeUndefined();
    expect(() => cursors.write({ ...place, rankingId: 'short' }, scope)).toThrow('12 bytes');
  });
});
