import type { Feed, RankedPost, Ranking } from '../feed.ts';
import { feedForTests } from '../feed-for-tests.ts';

/** A feed and a ranking as tests need them. */
export const feedOf = (changes: Partial<Feed> = {}): Feed =>
  feedForTests({
    rkey: 'hot',
    displayName: 'Hot',
    description: 'What is hot',
    origin: 'skyflow',
    folder: `/feeds/${changes.rkey ?? 'hot'}`,
    fingerprint: 'f',
    ...changes,
  });

export const rankingOf = (feed: Feed, posts: readonly RankedPost[], rankedAtMs: number): Ranking => ({
  id: 'AAAAAAAAAAAAAAAA',
  rkey: feed.rkey,
  fingerprint: feed.fingerprint,
  viewerId: undefined,
  rankedAtMs,
  posts,
  report: {
    rows: posts.length,
    kept: posts.length,
    dropped: {
      malformed: 0,
      unknown: 0,
      deleted: 0,
      inactive_author: 0,
      banned_author: 0,
      banned_post: 0,
      blocked_label: 0,
      blocked: 0,
      reply: 0,
      language: 0,
      duplicate: 0,
      too_many_of_author: 0,
      too_deep: 0,
    },
    tookMs: 1,
  },
});
