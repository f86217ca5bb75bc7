import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { feedForTests } from '../feed-for-tests.ts';
import { packRanking, unpackRanking } from './encoding.ts';
import { rankingOf } from './room-for-tests.ts';

describe('a packed ranking', () => {
  test('says the same again', async () => {
    const ranking = {
      ...rankingOf(feedForTests(), 1_700_000_000_000, 3),
      viewerId: 18_446_744_073_709_551_615n,
    };
    const repost = { kind: 'repost', uri: 'at://did:plc:b/app.bsky.feed.repost/2222222222222' } as const;
    const posts = ranking.posts.map((post, at) =>
      at === 2 ? { ...post, reason: repost, tags: ['a', 'é'], labels: ['!hide'] } : post,
    );
    expect(await unpackRanking(await packRanking({ ...ranking, posts }))).toEqual({ ...ranking, posts });
    expect(await unpackRanking(await packRanking({ ...ranking, posts: [], viewerId: undefined }))).toEqual({
      ...ranking,
      posts: [],
      viewerId: undefined,
    });
  });

  test('that is damaged, or something else, is none', async () => {
    const whole = await packRanking(rankingOf(feedForTests(), 1));
    for (const bytes of [
      whole.subarray(0, whole.length - 9),
      Buffer.from('text'),
      Buffer.alloc(0),
      gzipSync('{"version":1}'),
      gzipSync('null'),
    ])
      expect(await unpackRanking(bytes)).toBeUndefined();
  });
});
