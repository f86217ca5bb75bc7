import type { Oracle } from '#testing/oracle/oracle.ts';
import { reactionsIn, type OraclePost, type Reaction } from '#testing/oracle/records.ts';
import { isTid, tidTimeUs } from '#testing/oracle/syntax.ts';

/** A live post with the age that ranks it. */
export interface FactPost {
  readonly uri: string;
  readonly author: string;
  /** The earliest of createdAt, the key's time and the time seen, in milliseconds. */
  readonly sortMs: number;
  readonly post: OraclePost;
}

/** A live like, repost, reply or quote. */
export interface FactReaction {
  readonly kind: Reaction;
  readonly actor: string;
  /** Uri of what it reacts to. */
  readonly subject: string;
  /** Time in its own key, in microseconds; null where the key is no TID. */
  readonly keyUs: number | null;
}

/** A live follow record. One account may have several of the same subject. */
export interface FactFollow {
  readonly actor: string;
  readonly subject: string;
  readonly keyUs: number | null;
}

/** What the oracle knows, as the lenses look at it. */
export interface Facts {
  readonly posts: readonly FactPost[];
  /** The same, by author. */
  readonly postsBy: ReadonlyMap<string, readonly FactPost[]>;
  /** By the uri of their subject. */
  readonly reactions: ReadonlyMap<string, readonly FactReaction[]>;
  readonly follows: readonly FactFollow[];
  readonly handles: ReadonlyMap<string, string>;
  readonly firstSeenUs: ReadonlyMap<string, number>;
  readonly profileCreatedUs: ReadonlyMap<string, number>;
  /** True unless the account's latest event says otherwise. */
  isActive(did: string): boolean;
  /** Whether either of the two blocks the other. */
  areApart(one: string, other: string): boolean;
}

const keyUsOf = (rkey: string): number | null => (isTid(rkey) ? tidTimeUs(rkey) : null);

const sortMsOf = (rkey: string, seenUs: number, createdAtMs: number | null): number =>
  Math.min(Math.floor(seenUs / 1000), Math.floor((keyUsOf(rkey) ?? seenUs) / 1000), createdAtMs ?? Infinity);

/** Reads everything the lenses need out of the oracle, once. */
export const factsOf = (oracle: Oracle): Facts => {
  const posts: FactPost[] = [];
  const reactions = new Map<string, FactReaction[]>();
  const follows: FactFollow[] = [];
  const blocks = new Set<string>();
  const profileCreatedUs = new Map<string, number>();
  for (const { uri, did, rkey, seenUs, content } of oracle.records()) {
    const keyUs = keyUsOf(rkey);
    if (content.kind === 'post') {
      const sortMs = sortMsOf(rkey, seenUs, content.post.createdAtMs);
      posts.push({ uri, author: did, sortMs, post: content.post });
    }
    if (content.kind === 'follow') follows.push({ actor: did, subject: content.subject, keyUs });
    if (content.kind === 'block') blocks.add(`${did} ${content.subject}`);
    if (content.kind === 'profile' && content.createdAtUs !== null) profileCreatedUs.set(did, content.createdAtUs);
    for (const [kind, subject] of reactionsIn(content)) {
      const known = reactions.get(subject) ?? [];
      known.push({ kind, actor: did, subject, keyUs });
      reactions.set(subject, known);
    }
  }
  const actors = oracle.actors();
  const handles = new Map(
    [...actors].flatMap(([did, { handle }]) => (handle === null ? [] : [[did, handle] as const])),
  );
  return {
    posts,
    postsBy: Map.groupBy(posts, ({ author }) => author),
    reactions,
    follows,
    handles,
    firstSeenUs: oracle.firstSeenUs(),
    profileCreatedUs,
    isActive: (did) => actors.get(did)?.active ?? true,
    areApart: (one, other) => blocks.has(`${one} ${other}`) || blocks.has(`${other} ${one}`),
  };
};

/** A time span in milliseconds: `fromMs` belongs to it, `toMs` does not. */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

/** The live posts of active accounts within a span; of one account where `author` says so. */
export const postsIn = (facts: Facts, span: Span, author?: string): FactPost[] =>
  (author === undefined ? facts.posts : (facts.postsBy.get(author) ?? [])).filter(
    (post) => post.sortMs >= span.fromMs && post.sortMs < span.toMs && facts.isActive(post.author),
  );

/** What a moment is seen from: as of now (null), or as of the end of a window that is over, in milliseconds. */
export type AsOf = number | null;

/** Whether something with this key time was there at that moment; a key without a time always was. */
export const wasThere = (keyUs: number | null, asOfMs: AsOf): boolean =>
  asOfMs === null || keyUs === null || keyUs < asOfMs * 1000;

/** The reactions to a post that count. `without`: an account whose own reactions are left out. */
export const reactionsTo = (
  facts: Facts,
  { uri, author }: Pick<FactPost, 'uri' | 'author'>,
  asOfMs: AsOf,
  without?: string,
): FactReaction[] =>
  (facts.reactions.get(uri) ?? []).filter(
    ({ actor, keyUs }) =>
      actor !== without && facts.isActive(actor) && !facts.areApart(actor, author) && wasThere(keyUs, asOfMs),
  );

/** What a post got, or several posts together. */
export interface Tally {
  readonly likes: number;
  readonly replies: number;
  readonly reposts: number;
  readonly quotes: number;
  readonly skypoints: number;
}

/** Accounts that like and repost, records that reply and quote. */
export const tallyOf = (reactions: readonly FactReaction[]): Tally => {
  const of = (kind: Reaction): FactReaction[] => reactions.filter((reaction) => reaction.kind === kind);
  const accounts = (kind: Reaction): number => new Set(of(kind).map(({ actor }) => actor)).size;
  const [likes, replies, reposts, quotes] = [
    accounts('like'),
    of('reply').length,
    accounts('repost'),
    of('quote').length,
  ];
  return { likes, replies, reposts, quotes, skypoints: likes + replies + reposts };
};

/** The sum of several tallies. */
export const sumOf = (tallies: readonly Tally[]): Tally => {
  const total = (field: keyof Tally): number => tallies.reduce((sum, tally) => sum + tally[field], 0);
  return {
    likes: total('likes'),
    replies: total('replies'),
    reposts: total('reposts'),
    quotes: total('quotes'),
    skypoints: total('skypoints'),
  };
};

/** The active accounts that follow `did`, each once. */
export const followersOf = (facts: Facts, did: string, asOfMs: AsOf = null): Set<string> =>
  new Set(
    facts.follows
      .filter(({ actor, subject, keyUs }) => subject === did && facts.isActive(actor) && wasThere(keyUs, asOfMs))
      .map(({ actor }) => actor),
  );

/** The active accounts that `did` follows, each once. */
export const followingOf = (facts: Facts, did: string): Set<string> =>
  new Set(
    facts.follows
      .filter(({ actor, subject }) => actor === did && facts.isActive(subject))
      .map(({ subject }) => subject),
  );
