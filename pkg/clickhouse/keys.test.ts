import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { collections } from '#pkg/atproto/collections.ts';
import { formatTid } from '#pkg/atproto/tid.ts';
import { createKeys, isTidKey } from '#pkg/clickhouse/keys.ts';

const keys = createKeys('salt');
const topBit = 1n << 63n;
const anyTid = fc.bigInt({ min: 0n, max: topBit - 1n });

test('a TID is its own key, in the order of time', () => {
  const check = (a: bigint, b: bigint): void => {
    const [one, other] = [
      keys.recordKey(collections.post, formatTid(a)),
      keys.recordKey(collections.post, formatTid(b)),
    ];
    expect(one).toEqual({ key: a, odd: false });
    expect(one.key < other.key).toBe(formatTid(a) < formatTid(b));
    expect(isTidKey(one.key)).toBe(true);
  };
  fc.assert(fc.property(anyTid, anyTid, check));
});

test('any other record key is a hash with the top bit, told apart by its collection', () => {
  const check = (rkey: string): void => {
    fc.pre(!/^[2-7a-j][2-7a-z]{12}$/.test(rkey));
    const { key, odd } = keys.recordKey(collections.post, rkey);
    expect(odd).toBe(true);
    expect(key >= topBit && key < 2n ** 64n).toBe(true);
    expect(isTidKey(key)).toBe(false);
    expect(keys.recordKey(collections.like, rkey).key).not.toBe(key);
  };
  fc.assert(fc.property(fc.stringMatching(/^[A-Za-z0-9_~.:-]{1,30}$/), check));
});

test('only collections of their own tables use TIDs bare: a feed called like a post is not that post', () => {
  const tid = formatTid(1_838_331_601_833_691_013n);
  for (const collection of [collections.generator, collections.list, 'com.example.thing']) {
    expect(keys.recordKey(collection, tid).odd).toBe(true);
    expect(keys.recordKey(collection, tid).key).not.toBe(keys.recordKey(collections.post, tid).key);
  }
});

test('ids are fixed by DID and salt: stored data depends on it', () => {
  expect(keys.actorId('did:plc:z72i7hdynmk6r22z27h6tvur')).toBe(
    createKeys('salt').actorId('did:plc:z72i7hdynmk6r22z27h6tvur'),
  );
  expect(createKeys('other').actorId('did:web:example.com')).not.toBe(keys.actorId('did:web:example.com'));
  // SHA-256 of the salt and the text, its first eight bytes from the low end.
  expect(createKeys('').actorId('abc')).toBe(0xeacf_018f_bf16_78ban);
});
