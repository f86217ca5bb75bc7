import { describe, expect, test } from 'vitest';
import * as fc from 'fast-check';
import { compareAnswers } from './compare.ts';
import { commit, didOf, event, nsid, tidOf, uriOf, type CommitParts } from './frames-for-tests.ts';
import { Oracle } from './oracle.ts';

const told = (...frames: string[]): Oracle => {
  const oracle = new Oracle();
  for (const frame of frames) expect([oracle.apply(frame), frame]).toEqual(['ok', frame]);
  return oracle;
};

/** Everything an oracle can be asked, in one value. */
const everything = (oracle: Oracle): object => ({
  authors: oracle.authors(),
  actors: oracle.actors(),
  posts: oracle.posts(),
  profiles: oracle.profiles(),
  lists: oracle.lists(),
  listItems: oracle.listItems(),
  generators: oracle.generators(),
  engagement: oracle.engagement(),
  follows: oracle.follows(),
  blocks: oracle.blocks(),
  liveCounts: oracle.liveCounts(),
  revisions: oracle.revisions(),
  days: oracle.days(),
});

const post = (name: string, rev: number, rkey: string, record: object = {}): string =>
  commit({ name, rev, collection: nsid.post, rkey, record: { text: `${name} ${rev}`, ...record } });
const like = (name: string, rev: number, rkey: string, uri: string): string =>
  commit({ name, rev, collection: nsid.like, rkey, record: { subject: { uri, cid: 'x' } } });
const follow = (name: string, rev: number, rkey: string, whom: string): string =>
  commit({ name, rev, collection: nsid.follow, rkey, record: { subject: didOf(whom) } });
const remove = (name: string, rev: number, collection: string, rkey: string): string =>
  commit({ name, rev, collection, rkey });

const subject = uriOf('ann', nsid.post, '3lauicnw5op2f');
const noEngagement = { likes: 0, reposts: 0, replies: 0, quotes: 0, likers: 0, reposters: 0, repliers: 0, quoters: 0 };

describe('the latest revision of a record holds', () => {
  test('an update and a delete', () => {
    const uri = uriOf('ann', nsid.post, 'p');
    expect(
      told(post('ann', 1, 'p'))
        .posts()
        .get(uri)?.text,
    ).toBe('ann 1');
    const updated = told(post('ann', 1, 'p'), post('ann', 2, 'p'));
    expect(updated.posts().get(uri)?.text).toBe('ann 2');
    expect(updated.revisions().get(uri)).toBe(tidOf(2));
    expect(told(post('ann', 1, 'p'), remove('ann', 3, nsid.post, 'p')).posts().size).toBe(0);
  });

  test('a delete that comes before its create, and a create after a delete', () => {
    expect(told(remove('ann', 2, nsid.post, 'p'), post('ann', 1, 'p')).posts().size).toBe(0);
    expect(told(remove('ann', 2, nsid.post, 'p'), post('ann', 3, 'p')).posts().size).toBe(1);
  });

  test('the same frame twice counts once', () => {
    const oracle = told(...Array.from({ length: 3 }, () => like('bob', 1, 'l', subject)));
    expect(oracle.engagement().get(subject)).toEqual({ ...noEngagement, likes: 1, likers: 1 });
    expect(oracle.counts()).toEqual({ ok: 3, dropped: 0, ignored: 0 });
  });

  test('an update moves a like to another subject', () => {
    const other = uriOf('ann', nsid.generator, 'feed');
    const oracle = told(like('bob', 1, 'l', subject), like('bob', 2, 'l', other));
    expect(oracle.engagement()).toEqual(new Map([[other, { ...noEngagement, likes: 1, likers: 1 }]]));
    expect(oracle.subjects()).toEqual(new Set([didOf('ann')]));
  });

  test('order and repetition of arrival change nothing', () => {
    const names = fc.constantFrom('ann', 'bob');
    const records: fc.Arbitrary<Partial<CommitParts>> = fc.oneof(
      names.map((whom) => ({ collection: nsid.like, record: { subject: { uri: uriOf(whom, nsid.post, 'a') } } })),
      names.map((whom) => ({ collection: nsid.follow, record: { subject: didOf(whom) } })),
      names.map((whom) => ({
        collection: nsid.post,
        record: { text: whom, reply: { parent: { uri: uriOf(whom, nsid.post, 'b') } } },
      })),
      fc.constantFrom(nsid.like, nsid.follow, nsid.post).map((collection) => ({ collection })),
    );
    const parts = fc.array(fc.tuple(names, fc.constantFrom('a', 'b', '3lauicnw5op2f'), records), { maxLength: 30 });
    const accounts = fc.array(fc.tuple(names, fc.integer({ min: 1, max: 4 }), fc.boolean(), fc.boolean()), {
      maxLength: 10,
    });
    fc.assert(
      fc.property(parts, accounts, fc.infiniteStream(fc.nat()), (made, moved, seeds) => {
        // Every operation has a revision of its own: frames of one revision are the same frame.
        const frames = made.map(([name, rkey, part], rev) =>
          commit({ name, rkey, rev, collection: nsid.post, ...part }),
        );
        for (const [name, at, active, named] of moved) {
          frames.push(
            event('account', name, at, active ? { active } : { active, status: named ? 'deleted' : 'suspended' }),
          );
          frames.push(event('identity', name, at, named ? { handle: `h${active}.test` } : {}));
        }
        const shuffled = [...frames, ...frames.filter((_, index) => index % 2 === 0)]
          .map((frame): [number, string] => [seeds.next().value as number, frame])
          .sort(([one], [other]) => one - other)
          .map(([, frame]) => frame);
        expect(compareAnswers(everything(told(...frames)), everything(told(...shuffled))).messages).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });
});

describe('answers', () => {
  test('engagement counts records and different actors, on any subject', () => {
    const quote = { embed: { $type: 'app.bsky.embed.record', record: { uri: subject, cid: 'x' } } };
    const mediaQuote = {
      embed: {
        $type: 'app.bsky.embed.recordWithMedia',
        record: { $type: 'app.bsky.embed.record', record: { uri: subject } },
        media: { $type: 'app.bsky.embed.images', images: [{ alt: '' }, { alt: 'a cat' }, 7] },
      },
    };
    const reply = { reply: { parent: { uri: subject }, root: { uri: uriOf('eve', nsid.post, 'root') } } };
    const oracle = told(
      like('bob', 1, 'l1', subject),
      like('bob', 2, 'l2', subject),
      like('eve', 3, 'l1', subject),
      commit({ name: 'bob', rev: 4, collection: nsid.repost, rkey: 'r', record: { subject: { uri: subject } } }),
      post('bob', 5, 'q1', quote),
      post('bob', 6, 'q2', { ...mediaQuote, ...reply }),
    );
    expect(oracle.engagement()).toEqual(
      new Map([
        [subject, { likes: 3, likers: 2, reposts: 1, reposters: 1, quotes: 2, quoters: 1, replies: 1, repliers: 1 }],
      ]),
    );
    const both = oracle.posts().get(uriOf('bob', nsid.post, 'q2'));
    expect(both).toMatchObject({ embedKind: 'recordWithMedia', quote: subject, altTexts: ['a cat'] });
    expect(both).toMatchObject({ replyParent: subject, replyRoot: uriOf('eve', nsid.post, 'root') });
  });

  test('follows are pairs, and counted by pair', () => {
    const oracle = told(
      follow('ann', 1, 'f1', 'bob'),
      follow('ann', 2, 'f2', 'bob'),
      follow('bob', 3, 'f1', 'ann'),
      follow('eve', 4, 'f1', 'bob'),
      commit({ name: 'eve', rev: 5, collection: nsid.block, rkey: 'b', record: { subject: didOf('ann') } }),
      remove('ann', 6, nsid.follow, 'f1'),
    );
    expect(oracle.follows().get(didOf('ann'))).toEqual(new Set([didOf('bob')]));
    expect(oracle.followCounts()).toEqual(
      new Map([
        [didOf('ann'), { followers: 1, following: 1 }],
        [didOf('bob'), { followers: 2, following: 1 }],
        [didOf('eve'), { followers: 0, following: 1 }],
      ]),
    );
    expect(oracle.blocks()).toEqual(new Map([[didOf('eve'), new Set([didOf('ann')])]]));
    expect(oracle.liveCounts().get(nsid.follow)).toBe(3);
  });

  test('days are those of the keys, and keys without a time have none', () => {
    const day = '2024-11-13';
    const oracle = told(
      post('ann', 1, '3lauicnw5op2f', { createdAt: '2016-01-01T00:00:00Z', reply: { parent: { uri: subject } } }),
      like('bob', 2, '3lauicnw5op2f', subject),
      like('bob', 3, 'no-tid', subject),
      follow('bob', 4, '2222222222222', 'ann'),
    );
    const empty = { posts: 0, replies: 0, quotes: 0, likes: 0, reposts: 0, follows: 0 };
    expect(oracle.days()).toEqual(
      new Map([
        [day, { ...empty, posts: 1, replies: 1, likes: 1 }],
        ['1970-01-01', { ...empty, follows: 1 }],
      ]),
    );
  });

  test('what accounts say of themselves and publish', () => {
    const oracle = told(
      commit({
        name: 'ann',
        rev: 1,
        collection: nsid.profile,
        rkey: 'self',
        record: { displayName: 'Ann', description: 5 },
      }),
      commit({ name: 'ann', rev: 2, collection: nsid.profile, rkey: 'other', record: {} }),
      commit({ name: 'ann', rev: 3, collection: nsid.list, rkey: 'l', record: { name: 'L', purpose: 'p' } }),
      commit({
        name: 'ann',
        rev: 4,
        collection: nsid.listitem,
        rkey: 'i',
        record: { list: uriOf('ann', nsid.list, 'l'), subject: didOf('bob') },
      }),
      commit({
        name: 'ann',
        rev: 5,
        collection: nsid.generator,
        rkey: 'g',
        record: { did: 'did:web:feeds.test', displayName: 'F' },
      }),
    );
    expect(oracle.profiles()).toEqual(
      new Map([[uriOf('ann', nsid.profile, 'self'), { displayName: 'Ann', description: '' }]]),
    );
    expect([...oracle.lists().values()]).toEqual([{ name: 'L', purpose: 'p', description: '' }]);
    expect([...oracle.listItems().values()]).toEqual([{ list: uriOf('ann', nsid.list, 'l'), subject: didOf('bob') }]);
    expect([...oracle.generators().values()]).toEqual([
      { serviceDid: 'did:web:feeds.test', displayName: 'F', description: '' },
    ]);
    expect(oracle.liveCounts()).toEqual(
      new Map(
        Object.values(nsid).map((one) => [
          one,
          [nsid.profile, nsid.list, nsid.listitem, nsid.generator].includes(one as never) ? 1 : 0,
        ]),
      ),
    );
  });
});

describe('accounts', () => {
  const at = 1_731_600_000_000_000;
  const iso = (us: number): string =>
    `${new Date(us / 1000).toISOString().slice(0, -1)}${String(us % 1000).padStart(3, '0')}Z`;

  test('the latest event holds, by its own time to the microsecond', () => {
    const gone = event('account', 'ann', at + 9, { active: false, status: 'deleted', time: iso(at + 2) });
    const back = event('account', 'ann', at + 5, { active: true, time: iso(at + 3) });
    const back2 = { handle: null, active: true, status: '' };
    expect(told(gone, back).actors().get(didOf('ann'))).toEqual(back2);
    expect(told(back, gone).actors().get(didOf('ann'))).toEqual(back2);
  });

  test('a time ahead of the relay counts as the relay saw it, and one that is no time too', () => {
    const ahead = event('account', 'ann', at, { active: false, status: 'suspended', time: iso(at + 5_000_000) });
    const broken = event('account', 'ann', at + 1, { active: true, time: 'soon' });
    expect(told(ahead, broken).actors().get(didOf('ann'))?.active).toBe(true);
    expect(told(broken, ahead).actors().get(didOf('ann'))?.active).toBe(true);
  });

  test('an identity without a handle leaves the one there is', () => {
    const named = event('identity', 'ann', at, { handle: 'ann.test' });
    const bare = event('identity', 'ann', at + 10, {});
    const renamed = event('identity', 'ann', at + 5, { handle: 'anna.test' });
    expect(told(named, bare).actors().get(didOf('ann'))?.handle).toBe('ann.test');
    expect(told(bare, renamed, named).actors().get(didOf('ann'))?.handle).toBe('anna.test');
    expect(told(bare).actors().get(didOf('ann'))).toEqual({ handle: null, active: true, status: '' });
  });

  test('events of one moment have one outcome in either order', () => {
    const [up, down] = [true, false].map((active) => event('account', 'ann', at, { active })) as [string, string];
    expect(told(up, down).actors()).toEqual(told(down, up).actors());
  });
});
