import type { RankedPost } from '../feed.ts';
import type { Reorder, Taste } from '../parts.ts';
import { postKey } from './post-key.ts';

/** However much was asked, a post's score is changed by no more than that. */
const LEAST_FACTOR = 0.1;
const MOST_FACTOR = 5;

/** The keys of posts that were asked for: rankings are shown to many, and writing an id in digits is most of the work. */
const keys = new WeakMap<RankedPost, string>();
const keyOf = (post: RankedPost): string => {
  const known = keys.get(post);
  if (known !== undefined) return known;
  const key = postKey(post);
  keys.set(post, key);
  return key;
};

/**
 * Orders the posts of a ranking as one account would have them. Posts of which less was asked and those of authors whose factor
 * is 0 are left out. By score: pinned posts first, then the unseen by score times factor, then the seen the same way; equal ones
 * stay as they were. By time: nothing moves. Nothing to do gives the same array back.
 */
export const reorder: Reorder = (posts, taste, order) => {
  const shown = withoutUnwanted(posts, taste);
  if (order === 'time') return shown;
  if (taste.seen.size === 0 && taste.authors.size === 0 && taste.tags.size === 0) return shown;
  return byScore(shown, taste);
};

const withoutUnwanted = (posts: readonly RankedPost[], { less, authors }: Taste): readonly RankedPost[] => {
  if (less.size === 0 && authors.size === 0) return posts;
  const shown = posts.filter(
    (post) => (authors.size === 0 || authors.get(post.actorId) !== 0) && (less.size === 0 || !less.has(keyOf(post))),
  );
  return shown.length === posts.length ? posts : shown;
};

/** Where a post goes: pins, then unseen, then seen. */
const groupOf = (post: RankedPost, { seen }: Taste): number => {
  if (post.reason?.kind === 'pin') return 0;
  return seen.size > 0 && seen.has(keyOf(post)) ? 2 : 1;
};

const byScore = (posts: readonly RankedPost[], taste: Taste): readonly RankedPost[] => {
  const groups: number[][] = [[], [], []];
  const scores = new Float64Array(posts.length);
  for (const [index, post] of posts.entries()) {
    const group = groupOf(post, taste);
    groups[group]?.push(index);
    scores[index] = changedScore(post.score, group === 0 ? 1 : factorOf(post, taste));
  }
  const scoreAt = (index: number) => scores[index] ?? 0;
  // Array.sort is stable: equal scores stay as they were. Comparing, not subtracting: infinite scores have no difference.
  for (const group of groups.slice(1)) {
    group.sort((a, b) => {
      const [left, right] = [scoreAt(a), scoreAt(b)];
      if (left === right) return 0;
      return left > right ? -1 : 1;
    });
  }
  const order = groups.flat();
  if (order.every((from, index) => from === index)) return posts;
  return order.map((from) => posts[from] as RankedPost);
};

const factorOf = (post: RankedPost, { authors, tags }: Taste): number => {
  let factor = authors.size === 0 ? 1 : (authors.get(post.actorId) ?? 1);
  if (tags.size > 0) for (const tag of post.tags) factor *= tags.get(tag) ?? 1;
  return Math.min(MOST_FACTOR, Math.max(LEAST_FACTOR, factor));
};

/** A factor above 1 never lowers a score and one below never raises it: a negative one is divided. What is no number is worst. */
const changedScore = (score: number, factor: number): number => {
  if (Number.isNaN(score)) return -Infinity;
  return score >= 0 ? score * factor : score / factor;
};
