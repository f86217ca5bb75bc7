import type { AccountCounts, PostCounts } from './appview-counts.ts';

/** How a post is named by what points at it. */
export interface Ref {
  readonly uri: string;
  readonly cid: string;
}

export interface Post extends Ref {
  /** What it answers, what its thread begins with, what it quotes. */
  readonly parent?: Ref;
  readonly root?: Ref;
  readonly quoted?: Ref;
}

export type Relation = 'like' | 'repost' | 'follow';

/** A like, repost or follow, and the uri or DID it points at. */
export interface Related {
  /** Undefined until the PDS has named it. */
  uri?: string;
  readonly subject: string;
}

/** What there is on a network, noted by whoever made it: the third witness of every count. */
export class LifeLedger {
  /** Posts that are not deleted. */
  readonly posts: Post[] = [];
  readonly gone: Post[] = [];
  /** Every post there ever was. */
  readonly everPosted: string[] = [];
  readonly #dids: readonly string[];
  readonly #own = new Map<string, Related[]>();

  constructor(dids: readonly string[]) {
    this.#dids = dids;
  }

  /** Those of an account that are not taken back. The list itself: add to it, take from it. */
  ownOf(did: string, relation: Relation): Related[] {
    const key = `${relation} ${did}`;
    const own = this.#own.get(key) ?? [];
    this.#own.set(key, own);
    return own;
  }

  addPost(post: Post): void {
    this.everPosted.push(post.uri);
    this.posts.push(post);
  }

  deletePost(post: Post): void {
    this.posts.splice(this.posts.indexOf(post), 1);
    this.gone.push(post);
  }

  /** Posts that are not deleted, by uri, and what points at them, of all accounts. */
  postCounts(): Map<string, PostCounts> {
    const likes = this.#subjects('like');
    const reposts = this.#subjects('repost');
    const replies = tally(this.posts.map((post) => post.parent?.uri));
    const quotes = tally(this.posts.map((post) => post.quoted?.uri));
    const countsOf = (uri: string): PostCounts => ({
      likes: likes.get(uri) ?? 0,
      reposts: reposts.get(uri) ?? 0,
      replies: replies.get(uri) ?? 0,
      quotes: quotes.get(uri) ?? 0,
    });
    return new Map(this.posts.map(({ uri }) => [uri, countsOf(uri)]));
  }

  /** All accounts by DID, with their posts, follows and followers. */
  accountCounts(): Map<string, AccountCounts> {
    const posts = tally(this.posts.map(({ uri }) => authorOf(uri)));
    const followers = this.#subjects('follow');
    const countsOf = (did: string): AccountCounts => ({
      posts: posts.get(did) ?? 0,
      following: this.#subjectsOf(did, 'follow').length,
      followers: followers.get(did) ?? 0,
    });
    return new Map(this.#dids.map((did) => [did, countsOf(did)]));
  }

  /** How many different ones of these accounts answer or quote each post. */
  people(how: 'parent' | 'quoted', among: (did: string) => boolean): Map<string, number> {
    const people = new Map<string, Set<string>>();
    for (const post of this.posts) {
      const subject = post[how];
      if (subject === undefined || !among(authorOf(post.uri))) continue;
      const those = people.get(subject.uri) ?? new Set();
      people.set(subject.uri, those.add(authorOf(post.uri)));
    }
    return new Map([...people].map(([uri, those]) => [uri, those.size]));
  }

  /** Uris of the posts that one of these accounts likes, reposts or quotes. */
  touchedBy(dids: readonly string[]): Set<string> {
    const related = dids.flatMap((did) => [...this.#subjectsOf(did, 'like'), ...this.#subjectsOf(did, 'repost')]);
    const quotes = this.posts.filter((post) => dids.includes(authorOf(post.uri)));
    return new Set([...related, ...quotes.flatMap(({ quoted }) => quoted?.uri ?? [])]);
  }

  /** How many accounts relate to each subject. */
  #subjects(relation: Relation): Map<string, number> {
    return tally(this.#dids.flatMap((did) => this.#subjectsOf(did, relation)));
  }

  #subjectsOf(did: string, relation: Relation): string[] {
    return [...new Set(this.ownOf(did, relation).map(({ subject }) => subject))];
  }
}

/** The DID in a post's uri. */
export const authorOf = (uri: string): string => uri.split('/')[2] ?? '';

/** How often each is there. */
const tally = (names: readonly (string | undefined)[]): Map<string, number> => {
  const counts = new Map<string, number>();
  for (const name of names) if (name !== undefined) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
};
