import type { PostRef } from '../feed.ts';
import type { Taste } from '../parts.ts';
import type { TasteEvent } from './events.ts';
import { packPost, postKey, unpackPost } from './post-key.ts';

/** A factor as it is kept: its natural logarithm, which halves every 30 days, so that the factor itself goes back to 1. */
export interface Leaning {
  readonly weight: number;
  /** The moment at which the weight was that, in milliseconds. */
  readonly atMs: number;
}

/** What is kept for an author. */
export interface AuthorLeaning extends Leaning {
  /** When less was asked of them, oldest first; only the last 30 days, three at most. */
  readonly lessAtMs: readonly number[];
  /** Not shown before that moment; 0 for never. */
  readonly mutedUntilMs: number;
}

/** What an account told us, in the form that is changed and kept. Posts are packed (see post-key.ts), the newest last. */
export interface TasteState {
  readonly less: Set<string>;
  /** Requests for more and engagements that were counted, as bits by post: the same one again changes nothing. */
  readonly counted: Map<string, number>;
  readonly seen: Set<string>;
  readonly authors: Map<bigint, AuthorLeaning>;
  readonly tags: Map<string, Leaning>;
}

/** One thing that an account told us about a post. */
export interface Signal {
  readonly event: TasteEvent;
  readonly post: PostRef;
  /** Of the post, in lower case. */
  readonly tags: readonly string[];
  readonly atMs: number;
}

/** How much is kept of one account. */
export const LIMITS = { less: 500, counted: 500, seen: 2_000, authors: 200, tags: 200, tagsOfPost: 10 } as const;

const dayMs = 86_400_000;
export const HALF_LIFE_MS = 30 * dayMs;
/** So many requests for less of one author within so long, and they are not shown for as long. */
const MUTE_AFTER = 3;
const MUTE_MS = 30 * dayMs;

/** A change of a factor: multiplied by `by`, but never moved beyond `limit`, which is on the side it moves to. */
interface Step {
  readonly by: number;
  readonly limit: number;
}
const steps = {
  less: { author: { by: 0.5, limit: 1 / 16 }, tag: { by: 0.6, limit: 1 / 20 } },
  more: { author: { by: 1.5, limit: 4 }, tag: { by: 1.3, limit: 3 } },
  engaged: { author: { by: 1.1, limit: 2 }, tag: { by: 1.05, limit: 2 } },
} as const satisfies Record<string, { author: Step; tag: Step }>;
const undoLess: Step = { by: 2, limit: 4 };

const bits: Readonly<Record<Exclude<TasteEvent, 'requestLess' | 'interactionSeen'>, number>> = {
  requestMore: 1,
  interactionLike: 2,
  interactionRepost: 4,
  interactionReply: 8,
  interactionQuote: 16,
  interactionShare: 32,
};

const neutral: AuthorLeaning = { weight: 0, atMs: 0, lessAtMs: [], mutedUntilMs: 0 };

/** An account that said nothing yet. */
export const emptyState = (): TasteState => ({
  less: new Set(),
  counted: new Map(),
  seen: new Set(),
  authors: new Map(),
  tags: new Map(),
});

/** The logarithm of a factor at a moment. Clocks of several instances differ: a moment before it was set changes nothing. */
export const weightAt = (leaning: Leaning, atMs: number): number =>
  leaning.weight * 2 ** (-Math.max(0, atMs - leaning.atMs) / HALF_LIFE_MS);

/** Changes the state by what the account said. Saying the same of a post again changes nothing, so it may be told twice. */
export const learn = (state: TasteState, signal: Signal): void => {
  const { event, post } = signal;
  const packed = packPost(post);
  if (event === 'interactionSeen') return touch(state.seen, packed, LIMITS.seen);
  if (event === 'requestLess') return learnLess(state, signal, packed);
  const before = state.counted.get(packed) ?? 0;
  if ((before & bits[event]) !== 0) return;
  state.counted.delete(packed);
  state.counted.set(packed, before | bits[event]);
  dropOldest(state.counted, LIMITS.counted);
  if (event === 'requestMore') return learnMore(state, signal, packed);
  changeAuthor(state, signal, (leaning) => stepped(leaning, steps.engaged.author, signal.atMs));
  changeTags(state, signal, steps.engaged.tag);
};

const learnLess = (state: TasteState, signal: Signal, packed: string): void => {
  if (state.less.has(packed)) return;
  touch(state.less, packed, LIMITS.less);
  // More may be asked of it again: what was asked before is taken back by this.
  const before = state.counted.get(packed);
  if (before !== undefined) state.counted.set(packed, before & ~bits.requestMore);
  const { atMs } = signal;
  changeAuthor(state, signal, (leaning) => {
    const lessAtMs = [...counting(leaning, atMs), atMs].slice(-MUTE_AFTER);
    const mutedUntilMs = lessAtMs.length === MUTE_AFTER ? atMs + MUTE_MS : leaning.mutedUntilMs;
    return { ...stepped(leaning, steps.less.author, atMs), lessAtMs, mutedUntilMs };
  });
  changeTags(state, signal, steps.less.tag);
};

/** The post is shown again, and the latest request for less of its author is taken back, before more of them is shown. */
const learnMore = (state: TasteState, signal: Signal, packed: string): void => {
  state.less.delete(packed);
  const { atMs } = signal;
  changeAuthor(state, signal, (leaning) => {
    const lessAtMs = counting(leaning, atMs);
    const restored = lessAtMs.length === 0 ? leaning : stepped(leaning, undoLess, atMs);
    return { ...stepped(restored, steps.more.author, atMs), lessAtMs: lessAtMs.slice(0, -1), mutedUntilMs: 0 };
  });
  changeTags(state, signal, steps.more.tag);
};

/** The requests for less of an author that still count. */
const counting = (leaning: AuthorLeaning, atMs: number): readonly number[] =>
  leaning.lessAtMs.filter((lessAtMs) => lessAtMs > atMs - MUTE_MS);

const stepped = <L extends Leaning>(leaning: L, { by, limit }: Step, atMs: number): L => {
  const now = weightAt(leaning, atMs);
  const moved = now + Math.log(by);
  const bound = Math.log(limit);
  // A factor that is beyond the limit already stays where it is.
  const weight = by > 1 ? Math.max(now, Math.min(moved, bound)) : Math.min(now, Math.max(moved, bound));
  return { ...leaning, weight, atMs: Math.max(atMs, leaning.atMs) };
};

const changeAuthor = (
  state: TasteState,
  { post, atMs }: Signal,
  change: (leaning: AuthorLeaning) => AuthorLeaning,
): void => {
  state.authors.set(post.actorId, change(state.authors.get(post.actorId) ?? neutral));
  dropWeakest(state.authors, LIMITS.authors, (leaning) =>
    leaning.mutedUntilMs > atMs ? Infinity : Math.abs(weightAt(leaning, atMs)),
  );
};

const changeTags = (state: TasteState, { tags, atMs }: Signal, step: Step): void => {
  for (const tag of new Set(tags.slice(0, LIMITS.tagsOfPost))) {
    state.tags.set(tag, stepped(state.tags.get(tag) ?? { weight: 0, atMs: 0 }, step, atMs));
  }
  dropWeakest(state.tags, LIMITS.tags, (leaning) => Math.abs(weightAt(leaning, atMs)));
};

const touch = (posts: Set<string>, packed: string, limit: number): void => {
  posts.delete(packed);
  posts.add(packed);
  dropOldest(posts, limit);
};

const dropOldest = (kept: Set<string> | Map<string, unknown>, limit: number): void => {
  for (const oldest of kept.keys()) {
    if (kept.size <= limit) return;
    kept.delete(oldest);
  }
};

/** Of two that are equally weak the one that came first goes. */
const dropWeakest = <K, V>(kept: Map<K, V>, limit: number, strength: (value: V) => number): void => {
  while (kept.size > limit) {
    let weakest: { key: K; strength: number } | undefined;
    for (const [key, value] of kept) {
      const own = strength(value);
      if (weakest === undefined || own < weakest.strength) weakest = { key, strength: own };
    }
    if (weakest !== undefined) kept.delete(weakest.key);
  }
};

/** Closer to 1 than that a factor is left out: 1 %. */
const NEGLIGIBLE = 0.01;

/** What a state comes to at a moment. */
export const tasteAt = (state: TasteState, nowMs: number): Taste => {
  const authors = new Map<bigint, number>();
  for (const [id, leaning] of state.authors) {
    const weight = weightAt(leaning, nowMs);
    if (leaning.mutedUntilMs > nowMs) authors.set(id, 0);
    else if (Math.abs(weight) > NEGLIGIBLE) authors.set(id, Math.exp(weight));
  }
  const tags = new Map<string, number>();
  for (const [tag, leaning] of state.tags) {
    const weight = weightAt(leaning, nowMs);
    if (Math.abs(weight) > NEGLIGIBLE) tags.set(tag, Math.exp(weight));
  }
  const keysOf = (posts: ReadonlySet<string>) => new Set([...posts].map((packed) => postKey(unpackPost(packed))));
  return { less: keysOf(state.less), authors, tags, seen: keysOf(state.seen) };
};
