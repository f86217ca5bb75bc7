import type { Lens } from '#pkg/contracts/lens.ts';
import {
  type AsOf,
  type Facts,
  type FactPost,
  type FactReaction,
  followersOf,
  postsIn,
  reactionsTo,
  type Span,
  tallyOf,
} from './facts.ts';
import { byFirst, dayMs } from './numbers.ts';

/** One part of a score: `hundredths` of its weight, so that sums of weights stay whole numbers. */
export interface Part {
  readonly name: string;
  readonly value: number;
  readonly hundredths: number;
}

/** What one account measures in one window. */
export interface Measure {
  readonly parts: readonly [Part, Part, ...Part[]];
  /** Flow alone; best first. */
  readonly peakHours: readonly number[];
  /** Pulse alone: skypoints and followers gained, of this window and of the one before it. */
  readonly gained: number;
  readonly gainedBefore: number;
}

/** The windows a score looks at: this one, and the one before it, whose end is this one's beginning. */
export interface Windows {
  readonly span: Span;
  /** Null for the window that ends now. */
  readonly asOfMs: AsOf;
}

/** The same for the window before. */
export const before = ({ span }: Windows): Windows => ({
  span: { fromMs: 2 * span.fromMs - span.toMs, toMs: span.fromMs },
  asOfMs: span.fromMs,
});

interface OwnPost extends FactPost {
  /** By others. */
  readonly reactions: readonly FactReaction[];
}

const ownPosts = (facts: Facts, did: string, { span, asOfMs }: Windows): OwnPost[] =>
  postsIn(facts, span, did).map((post) => ({ ...post, reactions: reactionsTo(facts, post, asOfMs, did) }));

const skypointsOf = (posts: readonly OwnPost[]): number =>
  posts.reduce((sum, { reactions }) => sum + tallyOf(reactions).skypoints, 0);

const daysOf = (span: Span): number => (span.toMs - span.fromMs) / dayMs;

const [hoursOfDay, bestHours, slots] = [24, 3, 24];

const measureFlow = (posts: readonly OwnPost[], { span }: Windows): Measure => {
  const hours = Array.from({ length: hoursOfDay }, (_, hour) => ({
    hour,
    skypoints: skypointsOf(posts.filter(({ sortMs }) => new Date(sortMs).getUTCHours() === hour)),
  }));
  const best = hours
    .filter(({ skypoints }) => skypoints > 0)
    .toSorted(
      byFirst(
        (one, other) => other.skypoints - one.skypoints,
        (one, other) => one.hour - other.hour,
      ),
    )
    .slice(0, bestHours);
  const slotMs = (span.toMs - span.fromMs) / slots;
  const used = new Set(posts.map(({ sortMs }) => Math.floor((sortMs - span.fromMs) / slotMs)));
  return {
    parts: [
      { name: 'peak', value: best.reduce((sum, { skypoints }) => sum + skypoints, 0), hundredths: 50 },
      { name: 'consistency', value: used.size / slots, hundredths: 50 },
    ],
    peakHours: best.map(({ hour }) => hour),
    gained: 0,
    gainedBefore: 0,
  };
};

const measureClout = (posts: readonly OwnPost[]): Measure => {
  const reach = new Set(posts.flatMap(({ reactions }) => reactions.map(({ actor }) => actor))).size;
  const tallies = posts.map(({ reactions }) => tallyOf(reactions));
  const spread = tallies.reduce((sum, { reposts, quotes }) => sum + reposts + quotes, 0);
  return {
    parts: [
      { name: 'reach', value: reach, hundredths: 60 },
      { name: 'virality', value: spread / posts.length, hundredths: 40 },
    ],
    peakHours: [],
    gained: 0,
    gainedBefore: 0,
  };
};

/** Posts of others that mention `did`, once each however often they do. */
const mentionsOf = (facts: Facts, did: string, span: Span): number =>
  postsIn(facts, span).filter(
    ({ author, post }) => author !== did && post.mentions.includes(did) && !facts.areApart(author, did),
  ).length;

const measureKudos = (facts: Facts, did: string, windows: Windows, posts: readonly OwnPost[]): Measure => {
  const answered = new Map<string, Set<string>>();
  for (const { kind, actor, subject } of posts.flatMap(({ reactions }) => reactions))
    if (kind === 'reply') answered.set(actor, (answered.get(actor) ?? new Set()).add(subject));
  const returning = [...answered.values()].filter((subjects) => subjects.size >= 2).length;
  return {
    parts: [
      { name: 'community', value: answered.size + 2 * returning, hundredths: 60 },
      { name: 'mentions', value: mentionsOf(facts, did, windows.span) / daysOf(windows.span), hundredths: 40 },
    ],
    peakHours: [],
    gained: 0,
    gainedBefore: 0,
  };
};

/** Active accounts with a follow made in the span. */
const newFollowers = (facts: Facts, did: string, { fromMs, toMs }: Span): number =>
  new Set(
    facts.follows
      .filter(({ actor, subject, keyUs }) => {
        const isNew = keyUs !== null && keyUs >= fromMs * 1000 && keyUs < toMs * 1000;
        return isNew && subject === did && facts.isActive(actor);
      })
      .map(({ actor }) => actor),
  ).size;

const gainedIn = (facts: Facts, did: string, windows: Windows): number =>
  skypointsOf(ownPosts(facts, did, windows)) + newFollowers(facts, did, windows.span);

const measurePulse = (facts: Facts, did: string, windows: Windows, posts: readonly OwnPost[]): Measure => {
  const gained = gainedIn(facts, did, windows);
  const gainedBefore = gainedIn(facts, did, before(windows));
  return {
    parts: [
      { name: 'flux', value: followersOf(facts, did, windows.asOfMs).size, hundredths: 40 },
      { name: 'impact', value: skypointsOf(posts) / posts.length, hundredths: 35 },
      { name: 'boost', value: (1 + gained) / (1 + gainedBefore), hundredths: 25 },
    ],
    peakHours: [],
    gained,
    gainedBefore,
  };
};

/** What `did` measures in a window; undefined where it did not post in it. */
export const measureOf = (facts: Facts, did: string, lens: Lens, windows: Windows): Measure | undefined => {
  const posts = ownPosts(facts, did, windows);
  if (posts.length === 0) return undefined;
  switch (lens) {
    case 'flow':
      return measureFlow(posts, windows);
    case 'clout':
      return measureClout(posts);
    case 'kudos':
      return measureKudos(facts, did, windows, posts);
    case 'pulse':
      return measurePulse(facts, did, windows, posts);
  }
};
