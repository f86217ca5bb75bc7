import { createHash } from 'node:crypto';
import { jsonToLex } from '@atproto/api';
import { expect, test } from 'vitest';
import { blobCid } from './blob-cid.ts';
import { diffRecord } from './diff.ts';
import { buildRecord, type GeneratorRecord, type Publishable, requireValid } from './record.ts';

const feed: Publishable = {
  rkey: 'r',
  displayName: 'Name',
  description: '',
  avatar: undefined,
  contentMode: 'unspecified',
  acceptsInteractions: false,
  labels: [],
};
const parts = {
  serviceDid: 'did:web:a.example.com',
  avatar: undefined,
  createdAt: '2026-01-01T00:00:00.000Z',
  existing: undefined,
};

const bytes = new TextEncoder().encode('hello world');

test('a CID is the one that the network has for these bytes', () => {
  // The one of no bytes at all, as it is known everywhere.
  expect(blobCid(new Uint8Array())).toBe('bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku');
});

test('a CID is read back as what it was made of', () => {
  const blob = jsonToLex({ $type: 'blob', ref: { $link: blobCid(bytes) }, mimeType: 'image/png', size: 11 });
  const { ref } = blob as { ref: { version: number; code: number; multihash: { code: number; digest: Uint8Array } } };
  expect([ref.version, ref.code, ref.multihash.code]).toEqual([1, 0x55, 0x12]);
  expect(Buffer.from(ref.multihash.digest)).toEqual(createHash('sha256').update(bytes).digest());
});

test('what says nothing is left out', () => {
  expect(buildRecord({ feed, ...parts })).toEqual({
    $type: 'app.bsky.feed.generator',
    did: parts.serviceDid,
    displayName: 'Name',
    createdAt: parts.createdAt,
  });
});

test('labels, video, interactions as the lexicon has them', () => {
  const full = { ...feed, labels: ['porn'], contentMode: 'video', acceptsInteractions: true } as const;
  const record = buildRecord({ feed: full, ...parts });
  expect(record).toMatchObject({
    labels: { $type: 'com.atproto.label.defs#selfLabels', values: [{ val: 'porn' }] },
    contentMode: 'app.bsky.feed.defs#contentModeVideo',
    acceptsInteractions: true,
  });
  expect(() => requireValid('r', record)).not.toThrow();
});

test('facets go with the description that they were made for', () => {
  const existing: GeneratorRecord = { description: 'See us', descriptionFacets: [{ index: {} }], other: 1 };
  expect(buildRecord({ feed: { ...feed, description: 'See us' }, ...parts, existing })).toHaveProperty(
    'descriptionFacets',
  );
  const changed = buildRecord({ feed: { ...feed, description: 'See them' }, ...parts, existing });
  expect(changed).not.toHaveProperty('descriptionFacets');
  expect(changed).toHaveProperty('other', 1);
});

test('a difference: what goes, what comes, in an order, and nothing else', () => {
  const old = { $type: 'x', did: 'did:web:a', displayName: 'A', description: 'one\ntwo', zebra: 1 };
  const next = { $type: 'y', did: 'did:web:a', displayName: 'B', acceptsInteractions: true };
  expect(diffRecord(old, next)).toEqual([
    '- displayName: "A"',
    '+ displayName: "B"',
    '- description: "one\\ntwo"',
    '+ acceptsInteractions: true',
    '- zebra: 1',
  ]);
  expect(diffRecord(old, old)).toEqual([]);
  expect(diffRecord(undefined, { labels: { values: [{ val: 'a' }, { val: 'b' }] } })).toEqual(['+ labels: "a", "b"']);
});

test('a picture is the same if its bytes are, however it was read', () => {
  const blob = (size: number) =>
    jsonToLex({ $type: 'blob', ref: { $link: blobCid(bytes) }, mimeType: 'image/png', size });
  expect(diffRecord({ avatar: blob(11) }, { avatar: blob(11) })).toEqual([]);
  expect(diffRecord(undefined, { avatar: blob(1234) })).toEqual([
    `+ avatar: image/png, 1,234 bytes (${blobCid(bytes)})`,
  ]);
});
