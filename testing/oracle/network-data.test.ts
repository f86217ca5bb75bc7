import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { Oracle } from './oracle.ts';

/** Real frames, beside the project and never in it. */
const folder = '../shared/data/events';
const hasData = existsSync(folder);
if (!hasData) console.warn(`\n!!! SKIPPED: ${folder} is absent: the oracle was NOT tried on real network data !!!\n`);

const linesOf = (file: string): string[] =>
  readFileSync(`${folder}/${file}`, 'utf8')
    .split('\n')
    .filter((line) => line !== '');

const fed = (lines: readonly string[]): Oracle => {
  const oracle = new Oracle();
  for (const line of lines) oracle.apply(line);
  return oracle;
};

describe.skipIf(!hasData)('real frames', () => {
  test('the lifecycle stories end as they are told', () => {
    const lines = linesOf('lifecycle-stories.jsonl');
    const oracle = fed(lines);
    // One delete carries a revision that is no TID, and three creates are of collections that are not indexed.
    expect(oracle.counts()).toEqual({ ok: lines.length - 1, dropped: 1, ignored: 3 });
    const [pengua, friend] = ['did:plc:vvpy7d6y2li5yo73cgbszibl', 'did:plc:44ybard66vv44zksje25o7dz'] as const;
    expect(oracle.actors()).toEqual(
      new Map([
        [pengua, { handle: 'pengua.bsky.social', active: false, status: 'deleted' }],
        [friend, { handle: null, active: true, status: '' }],
      ]),
    );
    // Of the likes one was never taken back; of the posts the last one stands.
    expect([...oracle.revisions()]).toEqual([
      [`at://${friend}/app.bsky.feed.like/3llpyftcvih2r`, '3llpyftdf4h2r'],
      [`at://${friend}/app.bsky.actor.profile/self`, '3lmxk25y7ad22'],
      [`at://${friend}/app.bsky.feed.post/3lmxk35znys2k`, '3lmxk36v2fg2o'],
    ]);
    expect([...oracle.posts().values()]).toMatchObject([
      { text: 'test post', embedKind: 'images', labels: ['graphic-media'] },
    ]);
    expect(
      oracle.engagement().get('at://did:plc:augewteszp6c4mawnasqdf2l/app.bsky.feed.post/3llmlwt3tl22o')?.likes,
    ).toBe(1);
    expect(oracle.days().get('2025-04-16')).toMatchObject({ posts: 1, replies: 0 });
  });

  test('the stories end the same told backwards', () => {
    const lines = linesOf('lifecycle-stories.jsonl');
    const [forward, backward] = [fed(lines), fed(lines.toReversed())];
    expect(backward.actors()).toEqual(forward.actors());
    expect(backward.posts()).toEqual(forward.posts());
    expect(backward.engagement()).toEqual(forward.engagement());
    expect(backward.revisions()).toEqual(forward.revisions());
  });

  test('55 seconds of the network: what it counts is what a look at the lines counts', () => {
    const lines = linesOf('firehose-2023-09-01T1206.jsonl');
    const oracle = fed(lines);
    expect(oracle.counts().dropped).toBe(0);
    // A look at the text alone: creates less deletes of keys created here.
    for (const collection of ['app.bsky.feed.like', 'app.bsky.feed.post', 'app.bsky.graph.follow']) {
      const live = new Set<string>();
      for (const line of lines) {
        if (!line.includes(`"collection":"${collection}"`)) continue;
        const key = `${/"did":"([^"]+)"/.exec(line)?.[1]} ${/"rkey":"([^"]+)"/.exec(line)?.[1]}`;
        if (line.includes('"operation":"delete"')) live.delete(key);
        else live.add(key);
      }
      expect([collection, oracle.liveCounts().get(collection)]).toEqual([collection, live.size]);
    }
    expect(oracle.authors().size).toBeGreaterThan(1000);
  });

  test('the damaged capture loses its broken lines and no other', () => {
    const lines = linesOf('firehose-2024-12-13-damaged.jsonl');
    expect(fed(lines).counts()).toMatchObject({ ok: 81, dropped: 2 });
  });

  test('one commit of 42 follows is 42 pairs', () => {
    const counts = [...fed(linesOf('firehose-bulk-commit.jsonl')).followCounts().values()];
    expect(Math.max(...counts.map((one) => one.following))).toBe(42);
  });
});
