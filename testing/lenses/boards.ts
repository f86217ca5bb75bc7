import type { Audience, FlowBoard, CloutBoard, KudosBoard, LensBoard, PulseBoard } from '#pkg/contracts/lens.ts';
import { byFirst, dayMs, isoOf, roundTo } from './numbers.ts';
import {
  type Facts,
  type FactPost,
  followersOf,
  followingOf,
  postsIn,
  reactionsTo,
  type Span,
  sumOf,
  type Tally,
  tallyOf,
} from './facts.ts';

/** Whose posts a board shows to `did`: whom it follows, active, not apart, not itself; `mutual`: who follow it too. */
export const audienceOf = (facts: Facts, did: string, audience: Audience): Set<string> => {
  const follows = (one: string, other: string): boolean =>
    facts.follows.some(({ actor, subject }) => actor === one && subject === other);
  const seen = [...followingOf(facts, did)].filter((other) => other !== did && !facts.areApart(did, other));
  return new Set(audience === 'mutual' ? seen.filter((other) => follows(other, did)) : seen);
};

interface Counted extends FactPost {
  readonly tally: Tally;
}

const countedPosts = (facts: Facts, members: ReadonlySet<string>, span: Span, isOver: boolean): Counted[] =>
  postsIn(facts, span)
    .filter(({ author }) => members.has(author))
    .map((post) => ({ ...post, tally: tallyOf(reactionsTo(facts, post, isOver ? span.toMs : null)) }));

const bucketMs = 600_000;
const bucketSeconds = 600;
const [peaks, topPosts, topAccounts, topPulses] = [3, 10, 8, 10];

const flowBoard = (posts: readonly Counted[]): FlowBoard => {
  const starts = [...new Set(posts.map(({ sortMs }) => Math.floor(sortMs / bucketMs) * bucketMs))].sort(
    (a, b) => a - b,
  );
  const buckets = starts.map((startMs) => {
    const within = posts.filter(({ sortMs }) => sortMs >= startMs && sortMs < startMs + bucketMs);
    return { startMs, posts: within.length, tally: sumOf(within.map(({ tally }) => tally)) };
  });
  const best = buckets
    .filter(({ tally }) => tally.skypoints > 0)
    .toSorted(
      byFirst(
        (one, other) => other.tally.skypoints - one.tally.skypoints,
        (one, other) => other.startMs - one.startMs,
      ),
    )
    .slice(0, peaks);
  return {
    lens: 'flow',
    bucket_seconds: bucketSeconds,
    buckets: buckets.map((bucket) => ({
      at: isoOf(bucket.startMs),
      posts: bucket.posts,
      ...bucket.tally,
      peak: best.includes(bucket),
    })),
  };
};

const byText = (one: string, other: string): number => (one < other ? -1 : Number(one > other));

const named = (facts: Facts, did: string): { did: string; handle: string | null } => ({
  did,
  handle: facts.handles.get(did) ?? null,
});

const cloutBoard = (facts: Facts, posts: readonly Counted[]): CloutBoard => {
  const ranked = posts
    .filter(({ tally }) => tally.skypoints > 0)
    .toSorted(
      byFirst(
        (one, other) => other.tally.skypoints - one.tally.skypoints,
        (one, other) => other.sortMs - one.sortMs,
        (one, other) => byText(one.uri, other.uri),
      ),
    );
  const shown = ranked
    .filter((post, at) => ranked.findIndex(({ author }) => author === post.author) === at)
    .slice(0, topPosts);
  return {
    lens: 'clout',
    posts: shown.map(({ uri, author, sortMs, post, tally }) => ({
      uri,
      ...named(facts, author),
      at: isoOf(sortMs),
      text: post.text,
      ...tally,
    })),
    total: sumOf(shown.map(({ tally }) => tally)).skypoints,
  };
};

interface Standing {
  readonly did: string;
  readonly posts: number;
  readonly newestMs: number;
  readonly tally: Tally;
}

const standings = (posts: readonly Counted[]): Standing[] =>
  [...new Set(posts.map(({ author }) => author))].map((did) => {
    const own = posts.filter(({ author }) => author === did);
    const newestMs = Math.max(...own.map(({ sortMs }) => sortMs));
    return { did, posts: own.length, newestMs, tally: sumOf(own.map(({ tally }) => tally)) };
  });

const bySkypoints = (one: Standing, other: Standing): number => other.tally.skypoints - one.tally.skypoints;
const byNewest = (one: Standing, other: Standing): number => other.newestMs - one.newestMs;
const byDid = (one: Standing, other: Standing): number => byText(one.did, other.did);

const kudosBoard = (facts: Facts, posts: readonly Counted[]): KudosBoard => ({
  lens: 'kudos',
  accounts: standings(posts)
    .filter(({ tally }) => tally.skypoints > 0)
    .toSorted(byFirst(bySkypoints, byNewest, byDid))
    .slice(0, topAccounts)
    .map(({ did, posts: count, tally }) => ({
      ...named(facts, did),
      posts: count,
      followers: followersOf(facts, did).size,
      ...tally,
    })),
});

/** The network opened to people of all kinds in that month; nothing on it is older. */
const oldestMs = Date.UTC(2022, 10, 1);

/** Days since an account was first seen or, by its own profile, made, whichever is earlier; at least one. */
export const ageDaysOf = (facts: Facts, did: string, nowMs: number): number => {
  const sinceUs = Math.min(facts.firstSeenUs.get(did) ?? Infinity, facts.profileCreatedUs.get(did) ?? Infinity);
  return Math.max(1, (nowMs - Math.max(oldestMs, sinceUs / 1000)) / dayMs);
};

const pulseBoard = (facts: Facts, posts: readonly Counted[], earlier: readonly Counted[], span: Span): PulseBoard => {
  const before = new Map(standings(earlier).map(({ did, tally }) => [did, tally.skypoints]));
  const previous = ({ did }: Standing): number => before.get(did) ?? 0;
  // a / b > c / d without dividing, as both are above zero.
  const byGrowth = (one: Standing, other: Standing): number =>
    (1 + other.tally.skypoints) * (1 + previous(one)) - (1 + one.tally.skypoints) * (1 + previous(other));
  const days = (span.toMs - span.fromMs) / dayMs;
  return {
    lens: 'pulse',
    accounts: standings(posts)
      .filter(({ tally }) => tally.skypoints > 0)
      .toSorted(byFirst(byGrowth, bySkypoints, byNewest, byDid))
      .slice(0, topPulses)
      .map((standing) => {
        const { did } = standing;
        const ageDays = ageDaysOf(facts, did, span.toMs);
        const [followers, following] = [followersOf(facts, did).size, followingOf(facts, did).size];
        return {
          ...named(facts, did),
          posts: standing.posts,
          skypoints: standing.tally.skypoints,
          previous_skypoints: previous(standing),
          followers,
          following,
          age_days: roundTo(ageDays, 2),
          posts_per_day: roundTo(standing.posts / days, 2),
          followers_per_day: roundTo(followers / ageDays, 2),
          following_per_day: roundTo(following / ageDays, 2),
        };
      }),
  };
};

/** A board, or the reason why there is none. */
export type BoardOrNone =
  | { readonly board: LensBoard }
  | { readonly none: 'no_follows' | 'no_mutuals' | 'nothing_in_window' };

/** The board of `did`, for its question and the window `span`, which ends now. */
export const boardOf = (
  facts: Facts,
  question: { readonly did: string; readonly lens: LensBoard['lens']; readonly audience: Audience },
  span: Span,
): BoardOrNone => {
  const members = audienceOf(facts, question.did, question.audience);
  if (members.size === 0) return { none: question.audience === 'mutual' ? 'no_mutuals' : 'no_follows' };
  const posts = countedPosts(facts, members, span, false);
  if (posts.length === 0) return { none: 'nothing_in_window' };
  switch (question.lens) {
    case 'flow':
      return { board: flowBoard(posts) };
    case 'clout':
      return { board: cloutBoard(facts, posts) };
    case 'kudos':
      return { board: kudosBoard(facts, posts) };
    case 'pulse': {
      const earlier = { fromMs: 2 * span.fromMs - span.toMs, toMs: span.fromMs };
      return { board: pulseBoard(facts, posts, countedPosts(facts, members, earlier, true), span) };
    }
  }
};
