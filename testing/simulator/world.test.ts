import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { type Commit, commitsOf, frames, parsed, START_US } from './sample-frames.ts';
import type { SimFrame } from './world.ts';

const DID = /^did:(plc:[a-z2-7]{24}|web:[a-z0-9-]+(\.[a-z0-9-]+)+)$/;
const TID = /^[234567a-j][234567a-z]{12}$/;
const RKEY = /^(?!\.\.?$)[A-Za-z0-9._~:-]{1,512}$/;
const CID = /^baf(yrei|krei)[a-h][a-z2-7]{50}[aeimquy4]$/;
const NSID = /^[a-z]+(\.[a-zA-Z-]+){2,}$/;
const AT_URI = /^at:\/\/([^/]+)\/([^/]+)\/([^/]+)$/;
const HANDLE = /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/;

const expectUri = (uri: string): void => {
  const [, did = '', collection = '', rkey = ''] = AT_URI.exec(uri) ?? [];
  expect(did).toMatch(DID);
  expect(collection).toMatch(NSID);
  expect(rkey).toMatch(RKEY);
};

/** Checks whatever is inside a record by the name of its key. */
const expectSound = (value: unknown, key: string): void => {
  if (Array.isArray(value)) value.forEach((item) => expectSound(item, key));
  else if (typeof value === 'object' && value !== null) {
    for (const [inner, held] of Object.entries(value)) expectSound(held, inner);
  } else if (typeof value !== 'string') return;
  else if (key === 'cid' || key === '$link') expect(value).toMatch(CID);
  else if (value.startsWith('at://')) expectUri(value);
  else if (value.startsWith('did:')) expect(value).toMatch(DID);
  else if (key === 'createdAt') {
    expect(value).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/);
    expect(Math.abs(Date.parse(value) * 1000 - START_US)).toBeLessThan(3_600_000_000);
  } else if (key === 'text') {
    expect(Buffer.byteLength(value)).toBeLessThanOrEqual(3_000);
    expect([...new Intl.Segmenter().segment(value)].length).toBeLessThanOrEqual(300);
  }
};

const likedUris = (commits: readonly Commit[]): string[] =>
  commits.flatMap(({ collection, record }) => {
    const subject = (record as { subject?: { uri: string } } | undefined)?.subject;
    return collection === 'app.bsky.feed.like' && subject !== undefined ? [subject.uri] : [];
  });

describe('an ordinary world', () => {
  const all = frames(30_000);
  const events = parsed(all);
  const commits = commitsOf(events);

  test('the same seed gives the same bytes, another seed does not', () => {
    const hash = (some: readonly SimFrame[]): string =>
      createHash('sha256')
        .update(some.map((frame) => frame.text).join('\n'))
        .digest('hex');
    const hostile = { probability: 0.3 };
    expect(hash(frames(5_000, { hostile }))).toBe(hash(frames(5_000, { hostile })));
    expect(hash(frames(2_000, { seed: 8 }))).not.toBe(hash(frames(2_000, { seed: 9 })));
  });

  test('every identifier in every frame is well formed', () => {
    for (const event of events) {
      expect(event.did).toMatch(DID);
      if (event.identity?.handle !== undefined) expect(event.identity.handle).toMatch(HANDLE);
      if (event.commit === undefined) continue;
      const { rev, collection, rkey, cid, record } = event.commit;
      expect(rev).toMatch(TID);
      expect(collection).toMatch(NSID);
      expect(rkey).toMatch(RKEY);
      if (cid !== undefined) expect(cid).toMatch(CID);
      expectSound(record, 'record');
    }
  });

  test('frames carry exactly the fields of the wire, in its order', () => {
    for (const [index, event] of events.entries()) {
      expect(Object.keys(event)).toEqual(['did', 'time_us', 'kind', event.kind]);
      expect(event.time_us).toBe(all[index]?.timeUs);
      const { commit, identity, account } = event;
      if (commit !== undefined) {
        const body = commit.operation === 'delete' ? [] : ['record', 'cid'];
        expect(Object.keys(commit)).toEqual(['rev', 'operation', 'collection', 'rkey', ...body]);
        if (commit.record !== undefined) {
          expect(commit.record['$type']).toBe(commit.collection);
          expect(Object.keys(commit.record)).toEqual(Object.keys(commit.record).toSorted());
        }
      }
      if (identity !== undefined) expect(Object.keys(identity).join()).toMatch(/^did,(handle,)?seq,time$/);
      if (account !== undefined) expect(Object.keys(account).join()).toMatch(/^active,did,seq,(status,)?time$/);
    }
    expect(all.some((frame) => /[&<>\u2028\u2029]/.test(frame.text))).toBe(false);
    for (const escape of ['\\u0026', '\\u003c', '\\u003e', '\\u2028']) {
      expect(all.some((frame) => frame.text.includes(escape))).toBe(true);
    }
  });

  test('time rises, and so does the rev of every repository, shared only inside one commit', () => {
    const revs = new Map<string, string>();
    const keysOfRev = new Map<string, Set<string>>();
    let lastUs = START_US;
    for (const event of events) {
      expect(event.time_us).toBeGreaterThan(lastUs);
      lastUs = event.time_us;
      if (event.commit === undefined) continue;
      const { rev, collection, rkey } = event.commit;
      const last = revs.get(event.did);
      if (last === rev) expect(keysOfRev.get(event.did)?.has(`${collection}/${rkey}`)).toBe(false);
      else {
        if (last !== undefined) expect(rev > last).toBe(true);
        keysOfRev.set(event.did, new Set());
      }
      keysOfRev.get(event.did)?.add(`${collection}/${rkey}`);
      revs.set(event.did, rev);
    }
  });

  test('a repository never creates a record it has, nor deletes one that it deleted', () => {
    const state = new Map<string, 'there' | 'gone'>();
    for (const { did, operation, collection, rkey } of commits) {
      if (collection.startsWith('com.example.live') || collection === 'app.bsky.actor.status') continue;
      const key = `${did}/${collection}/${rkey}`;
      const before = state.get(key);
      if (operation === 'create') expect(before).not.toBe('there');
      else expect(before).not.toBe('gone');
      state.set(key, operation === 'delete' ? 'gone' : 'there');
    }
  });

  test('a hidden account is silent until it comes back, a deleted one for good', () => {
    const hidden = new Map<string, string>();
    for (const event of events) {
      if (event.account !== undefined) {
        expect(hidden.get(event.did)).not.toBe('deleted');
        if (event.account.active) hidden.delete(event.did);
        else hidden.set(event.did, event.account.status ?? 'no status');
      } else expect(hidden.has(event.did)).toBe(false);
    }
    expect(hidden.size).toBeGreaterThan(0);
  });

  test('likes make most of it, and a few posts get very many', () => {
    const share = (collection: string): number =>
      commits.filter((each) => each.collection === collection && each.operation === 'create').length / events.length;
    expect(share('app.bsky.feed.like')).toBeGreaterThan(0.5);
    expect(share('app.bsky.feed.like')).toBeLessThan(0.68);
    expect(share('app.bsky.feed.post')).toBeGreaterThan(0.09);
    expect(share('app.bsky.feed.post')).toBeLessThan(0.16);
    expect(share('app.bsky.graph.follow')).toBeGreaterThan(0.05);
    expect(commits.filter((each) => each.operation === 'delete').length / events.length).toBeGreaterThan(0.03);
    const counts = new Map<string, number>();
    for (const uri of likedUris(commits)) counts.set(uri, (counts.get(uri) ?? 0) + 1);
    expect(Math.max(...counts.values())).toBeGreaterThan(50);
  });
});
