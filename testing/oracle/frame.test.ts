import { describe, expect, test } from 'vitest';
import * as fc from 'fast-check';
import { commit, didOf, event, nsid, uriOf } from './frames-for-tests.ts';
import { Oracle } from './oracle.ts';

const valid = { name: 'ann', rev: 1, collection: nsid.post, rkey: 'p', record: { text: 'hello' } };
const apply = (frame: string): string => new Oracle().apply(frame);

/** A good post's frame with one thing changed. */
const spoilt = (frame: object, inCommit: object = {}): string => {
  const good = JSON.parse(commit(valid)) as { commit: object };
  return JSON.stringify({ ...good, ...frame, commit: { ...good.commit, ...inCommit } });
};

test('the frame that the others are spoilt copies of is good', () => {
  expect(apply(spoilt({}))).toBe('ok');
  expect(apply(spoilt({ cursor: 12, extra: null }, { cid: 7 }))).toBe('ok');
});

test.each<[string, string]>([
  ['no JSON', '{"did":'],
  ['nothing', ''],
  ['a list', '[]'],
  ['null', 'null'],
  ['a text', '"x"'],
  ['no did', spoilt({ did: undefined })],
  ['a handle for a did', spoilt({ did: 'ann.test' })],
  ['a did that ends in a colon', spoilt({ did: 'did:web:' })],
  ['a did that ends in a percent sign', spoilt({ did: 'did:web:a%' })],
  ['a did of 2049 characters', spoilt({ did: `did:web:${'a'.repeat(2041)}` })],
  ['no time', spoilt({ time_us: undefined })],
  ['a time of zero', spoilt({ time_us: 0 })],
  ['a time before 1970', spoilt({ time_us: -5 })],
  ['half a microsecond', spoilt({ time_us: 1.5 })],
  ['a time beyond exact numbers', spoilt({ time_us: 2 ** 53 })],
  ['a time in words', spoilt({ time_us: '1731600000000000' })],
  ['an unknown kind', spoilt({ kind: 'info' })],
  ['no kind', spoilt({ kind: undefined })],
  ['no commit', JSON.stringify({ did: didOf('ann'), time_us: 1, kind: 'commit' })],
  ['a commit that is a list', JSON.stringify({ did: didOf('ann'), time_us: 1, kind: 'commit', commit: [] })],
  ['a collection of two labels', spoilt({}, { collection: 'app.post' })],
  ['a key of one dot', spoilt({}, { rkey: '.' })],
  ['a key with a slash', spoilt({}, { rkey: 'a/b' })],
  ['an empty key', spoilt({}, { rkey: '' })],
  ['a key of 513 characters', spoilt({}, { rkey: 'a'.repeat(513) })],
  ['an empty revision', spoilt({}, { rev: '' })],
  ['a revision with a zero', spoilt({}, { rev: '3lmxjza3nva00' })],
  ['a revision over 63 bits', spoilt({}, { rev: 'k222222222222' })],
  ['an unknown operation', spoilt({}, { operation: 'upsert' })],
  ['a create without a record', spoilt({}, { record: undefined })],
  ['an update with a list for a record', spoilt({}, { operation: 'update', record: [] })],
  ['a post without text', spoilt({}, { record: {} })],
  ['a post with a number for text', spoilt({}, { record: { text: 5 } })],
  ['an account without a body', JSON.stringify({ did: didOf('ann'), time_us: 1, kind: 'account' })],
  ['an account neither active nor not', event('account', 'ann', 1, { active: 'yes' })],
  ['an identity without a body', JSON.stringify({ did: didOf('ann'), time_us: 1, kind: 'identity' })],
])('%s is dropped', (_name, frame) => {
  const oracle = new Oracle();
  expect(oracle.apply(frame)).toBe('dropped');
  expect(oracle.counts()).toEqual({ ok: 0, dropped: 1, ignored: 0 });
  expect(oracle.authors().size).toBe(0);
});

const uri = uriOf('bob', nsid.post, 'p');
test.each<[string, unknown, boolean]>([
  [nsid.like, { subject: { uri } }, true],
  [nsid.like, { subject: { uri: `at://bob.test/${nsid.post}/p` } }, false],
  [nsid.like, { subject: { uri: `${uri}#x` } }, false],
  [nsid.like, { subject: uri }, false],
  [nsid.repost, { subject: { uri: `at://${didOf('bob')}/${nsid.post}` } }, false],
  [nsid.follow, { subject: didOf('bob'), createdAt: 'never' }, true],
  [nsid.follow, { subject: uri }, false],
  [nsid.block, { subject: { did: didOf('bob') } }, false],
  [nsid.listitem, { list: uri, subject: didOf('bob') }, true],
  [nsid.listitem, { list: uri }, false],
  [nsid.listitem, { list: 'mine', subject: didOf('bob') }, false],
  [nsid.list, { name: 'L', purpose: 'x' }, true],
  [nsid.list, { name: 'L' }, false],
  [nsid.list, { purpose: 'x' }, false],
  [nsid.generator, { did: 'did:web:a.test', displayName: '' }, true],
  [nsid.generator, { did: 'a.test', displayName: 'F' }, false],
  [nsid.generator, { did: 'did:web:a.test' }, false],
])('%s %j: %s', (collection, record, isGood) => {
  expect(apply(commit({ ...valid, collection, record }))).toBe(isGood ? 'ok' : 'dropped');
});

test('a profile may be any object, and other collections anything', () => {
  expect(apply(commit({ ...valid, collection: nsid.profile, rkey: 'self', record: { displayName: 1 } }))).toBe('ok');
  const oracle = new Oracle();
  expect(oracle.apply(commit({ ...valid, collection: 'com.example.thing', record: { text: 1 } }))).toBe('ok');
  expect([oracle.counts().ignored, oracle.authors().size]).toEqual([1, 0]);
});

describe('a post', () => {
  const read = (record: object): unknown => {
    const oracle = new Oracle();
    expect(oracle.apply(commit({ ...valid, record: { text: 't', ...record } }))).toBe('ok');
    return oracle.posts().get(uriOf('ann', nsid.post, 'p'));
  };

  const bare = {
    text: 't',
    langs: [],
    replyParent: null,
    replyRoot: null,
    quote: null,
    createdAtMs: null,
    embedKind: '',
    tags: [],
    links: [],
    mentions: [],
    altTexts: [],
    labels: [],
  };

  test('with everything', () => {
    const facet = (name: string, value: object) => ({
      features: [{ $type: `app.bsky.richtext.facet#${name}`, ...value }],
    });
    const record = {
      text: 'a \ud83e b \u0000',
      langs: ['en', 'pt-BR'],
      createdAt: '2024-11-13T23:19:36.4499+01:00',
      tags: ['side'],
      facets: [
        facet('tag', { tag: 'art' }),
        facet('link', { uri: 'https://a.test' }),
        facet('mention', { did: didOf('bob') }),
        facet('mention', { did: 'bob' }),
      ],
      embed: { $type: 'app.bsky.embed.external', external: { uri: 'https://b.test', title: 'x' } },
      labels: { $type: 'com.atproto.label.defs#selfLabels', values: [{ val: 'nudity' }, {}, 3] },
    };
    expect(read(record)).toEqual({
      ...bare,
      text: 'a \ufffd b \u0000',
      langs: ['en', 'pt-BR'],
      createdAtMs: Date.UTC(2024, 10, 13, 22, 19, 36, 449),
      embedKind: 'external',
      tags: ['art', 'side'],
      links: ['https://a.test', 'https://b.test'],
      mentions: [didOf('bob')],
      labels: ['nudity'],
    });
  });

  test('with every optional field of a wrong type is a bare one', () => {
    const wrong = ['langs', 'reply', 'embed', 'facets', 'tags', 'labels', 'createdAt'];
    for (const value of [5, 'x', null, true, [[]], [null], [{ features: 4 }]])
      expect(read(Object.fromEntries(wrong.map((field) => [field, value])))).toEqual(bare);
  });

  test.each<[object, object]>([
    [
      { $type: 'app.bsky.embed.images', images: [{ alt: 'one' }, { alt: '' }] },
      { embedKind: 'images', altTexts: ['one'] },
    ],
    [
      { $type: 'app.bsky.embed.video', alt: 'film' },
      { embedKind: 'video', altTexts: ['film'] },
    ],
    [
      { $type: 'app.bsky.embed.record', record: { uri } },
      { embedKind: 'record', quote: uri },
    ],
    [{ $type: 'app.bsky.embed.record', record: { uri: 'x' } }, { embedKind: 'record' }],
    [{ $type: 'app.bsky.embed.images', record: { uri } }, { embedKind: 'images' }],
    [{ $type: 'com.example.embed', alt: 'x', external: { uri: 'x' } }, { embedKind: 'other' }],
    [{}, { embedKind: 'other' }],
  ])('with the embed %j', (embed, expected) => {
    expect(read({ embed })).toEqual({ ...bare, ...expected });
  });
});

test('no text and no JSON value makes it throw', () => {
  const anyRecord = fc.jsonValue({ maxDepth: 4 });
  fc.assert(
    fc.property(
      fc.oneof(fc.string(), fc.json()),
      anyRecord,
      fc.constantFrom(...Object.values(nsid)),
      (text, record, collection) => {
        apply(text);
        apply(commit({ ...valid, collection, record }));
        apply(spoilt({ kind: 'commit', commit: record }));
        apply(spoilt({ kind: 'account', account: record }));
        apply(spoilt({ kind: 'identity', identity: record }));
      },
    ),
    { numRuns: 500 },
  );
});
