import type { PostRef } from '../feed.ts';

/** A state of an account, as `inactive_states` has it. */
export interface AccountState {
  readonly actorId: bigint;
  readonly version: bigint;
  readonly gone: boolean;
  /** When it was noticed, in ms since 1970. */
  readonly atMs: number;
}

/** What went away lately. Taking a thing twice, or older ones after newer ones, changes nothing. */
export interface Marks {
  /** @returns whether anything is another than before */
  takePost(post: PostRef, atMs: number): boolean;
  /** @returns whether the account is shown where it was not, or the other way round */
  takeAccount(state: AccountState): boolean;
  /** Of the newest state that was taken; undefined: none was. */
  accountVersion(actorId: bigint): bigint | undefined;
  isAccountGone(actorId: bigint): boolean;
  /** When the post was last marked; undefined: never. */
  postGoneAtMs(post: PostRef): number | undefined;
  /** Forgets what was marked until then. */
  forget(untilMs: number): void;
  /** What was marked until then is forgotten, and need not be told again. */
  readonly forgottenMs: number;
  /** Posts and accounts. */
  readonly size: number;
}

/** One integer of 128 bits: half the memory of a text, and its hash is that of the low half, the post's key. */
const keyOf = ({ actorId, tid }: PostRef): bigint => (actorId << 64n) | tid;

/** Of more than `maxPosts` deleted posts the oldest are forgotten: a replay of years must not take the memory. */
export const createMarks = (maxPosts: number): Marks => {
  // In the order in which they were last marked, so that the old ones are found without looking at all.
  const posts = new Map<bigint, number>();
  const accounts = new Map<bigint, AccountState>();
  let forgottenMs = Number.NEGATIVE_INFINITY;
  return {
    takePost: (post, atMs) => {
      const key = keyOf(post);
      const knownMs = posts.get(key);
      if (knownMs !== undefined && knownMs >= atMs) return false;
      posts.delete(key);
      posts.set(key, atMs);
      const [oldest, oldestMs] = (posts.size > maxPosts ? posts.entries().next().value : undefined) ?? [];
      if (oldest !== undefined && oldestMs !== undefined) {
        posts.delete(oldest);
        forgottenMs = Math.max(forgottenMs, oldestMs);
      }
      return true;
    },
    takeAccount: (state) => {
      const known = accounts.get(state.actorId);
      if (known !== undefined && known.version >= state.version) return false;
      accounts.set(state.actorId, state);
      return (known?.gone ?? false) !== state.gone;
    },
    accountVersion: (actorId) => accounts.get(actorId)?.version,
    isAccountGone: (actorId) => accounts.get(actorId)?.gone ?? false,
    postGoneAtMs: (post) => posts.get(keyOf(post)),
    forget: (untilMs) => {
      forgottenMs = Math.max(forgottenMs, untilMs);
      for (const [key, atMs] of posts) {
        if (atMs > untilMs) break;
        posts.delete(key);
      }
      for (const [actorId, { atMs }] of accounts) if (atMs <= untilMs) accounts.delete(actorId);
    },
    get forgottenMs() {
      return forgottenMs;
    },
    get size() {
      return posts.size + accounts.size;
    },
  };
};
