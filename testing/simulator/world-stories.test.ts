import { describe, expect, test } from 'vitest';
import { commitsOf, frames, parsed } from './sample-frames.ts';

const TID = /^[234567a-j][234567a-z]{12}$/;

describe('what happens in a world', () => {
  const all = frames(40_000);
  const events = parsed(all);
  const commits = commitsOf(events);
  const text = all.map((frame) => frame.text);

  test.each([
    'like create',
    'like update',
    'like delete',
    'repost create',
    'repost delete',
    'post create',
    'post update',
    'post delete',
    'generator create',
    'generator update',
    'generator delete',
    'threadgate create',
  ])('app.bsky.feed.%s', (what) => {
    const [name, operation] = what.split(' ');
    expect(commits.some((each) => each.collection === `app.bsky.feed.${name}` && each.operation === operation)).toBe(
      true,
    );
  });

  test.each([
    'follow create',
    'follow delete',
    'block create',
    'block delete',
    'list create',
    'list delete',
    'listitem create',
    'listitem delete',
  ])('app.bsky.graph.%s', (what) => {
    const [name, operation] = what.split(' ');
    expect(commits.some((each) => each.collection === `app.bsky.graph.${name}` && each.operation === operation)).toBe(
      true,
    );
  });

  test.each([
    '"$type":"app.bsky.richtext.facet#mention"',
    '"$type":"app.bsky.richtext.facet#tag"',
    '"$type":"app.bsky.richtext.facet#link"',
    '"$type":"app.bsky.embed.images"',
    '"$type":"app.bsky.embed.video"',
    '"$type":"app.bsky.embed.external"',
    '"embed":{"$type":"app.bsky.embed.record",',
    '"$type":"app.bsky.embed.recordWithMedia"',
    '#selfLabels',
    '"alt":"A picture',
    '"tags":[',
    '"via":{',
    '"langs":["ja"]',
    '"langs":["ar"]',
    '"langs":["he"]',
    '"langs":["zh-Hant"]',
    '🦋',
    '👨‍👩‍👧',
    '"text":""',
    '"did":"did:web:',
    '"collection":"app.bsky.actor.status"',
    '"collection":"com.example.',
    '"rkey":"did:',
    '"collection":"app.bsky.actor.profile","rkey":"self"',
    '"pinnedPost"',
    '"operation":"update","collection":"app.bsky.actor.profile"',
    '"operation":"delete","collection":"app.bsky.actor.profile"',
    '"active":false,',
    '"status":"deactivated"',
    '"status":"takendown"',
    '"status":"suspended"',
    '"status":"desynchronized"',
    '"status":"throttled"',
    '"status":"deleted"',
    '"blob"',
    '+09:00"',
    '+00:00"',
    '"record":{"$type":"app.bsky.feed.like","createdAt"',
  ])('some frame holds %s', (piece) => {
    expect(text.some((each) => each.includes(piece))).toBe(true);
  });

  test('accounts come back with and without a status; identities come with and without a handle', () => {
    const back = events.flatMap(({ account }) => (account?.active === true ? [account] : []));
    expect(back.some((account) => account.status !== undefined)).toBe(true);
    expect(back.some((account) => account.status === undefined)).toBe(true);
    const identities = events.flatMap(({ identity }) => (identity === undefined ? [] : [identity]));
    expect(identities.some((identity) => identity.handle === undefined)).toBe(true);
    const handles = new Map<string, string>();
    let changes = 0;
    for (const { did, handle } of identities) {
      if (handle === undefined) continue;
      if (handles.has(did) && handles.get(did) !== handle) changes += 1;
      handles.set(did, handle);
    }
    expect(changes).toBeGreaterThan(0);
  });

  test('facets point at the bytes they mean', () => {
    let checked = 0;
    for (const { record } of commits) {
      const post = record as unknown as {
        text?: string;
        facets?: { index: { byteStart: number; byteEnd: number }; features: { tag?: string }[] }[];
      };
      for (const facet of post?.facets ?? []) {
        const piece = Buffer.from(post.text ?? '')
          .subarray(facet.index.byteStart, facet.index.byteEnd)
          .toString();
        const tag = facet.features[0]?.tag;
        if (tag === undefined) expect(piece.length).toBeGreaterThan(3);
        else expect(piece).toBe(`#${tag}`);
        checked += 1;
      }
    }
    expect(checked).toBeGreaterThan(100);
  });

  test('replies point at their thread, and threads grow deeper than one answer', () => {
    const roots = new Map<string, string>();
    let deep = 0;
    for (const { did, collection, rkey, record, operation } of commits) {
      if (collection !== 'app.bsky.feed.post' || operation !== 'create') continue;
      const { reply } = record as unknown as { reply?: { parent: { uri: string }; root: { uri: string } } };
      const uri = `at://${did}/${collection}/${rkey}`;
      if (reply === undefined) continue;
      roots.set(uri, reply.root.uri);
      const above = roots.get(reply.parent.uri);
      if (above === undefined) continue;
      expect(reply.root.uri).toBe(above);
      deep += 1;
    }
    expect(deep).toBeGreaterThan(20);
  });

  test('the awkward stories happen: liked again, liked twice, key used again, retargeted, never seen', () => {
    const alive = new Map<string, string>();
    const aliveBySubject = new Map<string, number>();
    const count = (did: string, subject: string, by: number): void => {
      aliveBySubject.set(`${did} ${subject}`, (aliveBySubject.get(`${did} ${subject}`) ?? 0) + by);
    };
    const everSeen = new Set<string>();
    const subjectsGone = new Map<string, string>();
    const seen = {
      again: 0,
      twice: 0,
      sameKey: 0,
      retargeted: 0,
      unseenDelete: 0,
      unseenPost: 0,
      generatorLike: 0,
      oddKey: 0,
    };
    for (const { did, collection, operation, rkey, record } of commits) {
      const key = `${did}/${collection}/${rkey}`;
      if (collection === 'app.bsky.feed.post' && !TID.test(rkey)) seen.oddKey += 1;
      if (operation !== 'delete' && collection !== 'app.bsky.feed.like') everSeen.add(`at://${key}`);
      if (collection !== 'app.bsky.feed.like') continue;
      if (operation === 'delete') {
        const subject = alive.get(key);
        if (subject === undefined) seen.unseenDelete += 1;
        else subjectsGone.set(`${did} ${subject}`, key);
        subjectsGone.set(key, subject ?? '');
        alive.delete(key);
        if (subject !== undefined) count(did, subject, -1);
        continue;
      }
      const { uri } = (record as unknown as { subject: { uri: string } }).subject;
      if (uri.includes('/app.bsky.feed.generator/')) seen.generatorLike += 1;
      else if (!everSeen.has(uri)) seen.unseenPost += 1;
      if (operation === 'update' && alive.get(key) !== uri) seen.retargeted += 1;
      if (operation === 'create') {
        if (subjectsGone.has(`${did} ${uri}`)) seen.again += 1;
        if (subjectsGone.has(key) && subjectsGone.get(key) !== uri) seen.sameKey += 1;
        if ((aliveBySubject.get(`${did} ${uri}`) ?? 0) > 0) seen.twice += 1;
      }
      const retargeted = alive.get(key);
      if (retargeted !== undefined) count(did, retargeted, -1);
      count(did, uri, 1);
      alive.set(key, uri);
    }
    for (const [story, times] of Object.entries(seen)) expect(times, story).toBeGreaterThan(0);
  });

  test('a text of exactly 300 graphemes occurs', () => {
    const longest = commits
      .filter((each) => each.collection === 'app.bsky.feed.post')
      .map((each) => (each.record as { text?: string } | undefined)?.text ?? '')
      .filter((written) => written.length >= 300);
    expect(longest.some((written) => [...new Intl.Segmenter().segment(written)].length === 300)).toBe(true);
  });
});
