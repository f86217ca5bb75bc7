import { readFrame, type Frame } from './frame.ts';
import { didsNamed, kindByCollection, reactionsIn, type Reaction } from './records.ts';
import type { Content, OracleGenerator, OracleList, OracleListItem, OraclePost, OracleProfile } from './records.ts';
import { dayOf, isTid, tidTimeUs } from './syntax.ts';

/** Live records that point at one subject, and how many different accounts made them. */
export interface OracleEngagement {
  likes: number;
  reposts: number;
  replies: number;
  quotes: number;
  likers: number;
  reposters: number;
  repliers: number;
  quoters: number;
}

export interface OracleActor {
  /** Null while no event has named one. */
  handle: string | null;
  /** True while no event has said otherwise. */
  active: boolean;
  /** Why it is not active; empty where the event gave no reason. */
  status: string;
}

/** Live records by the day in their key. */
export interface OracleDay {
  posts: number;
  /** Posts that reply, and posts that quote: counted under `posts` too. */
  replies: number;
  quotes: number;
  likes: number;
  reposts: number;
  follows: number;
}

export interface OracleFollowCounts {
  followers: number;
  following: number;
}

/** A live record with all that was told of it. */
export interface OracleRecord {
  uri: string;
  did: string;
  rkey: string;
  /** When the frame of its latest revision was seen, in microseconds. */
  seenUs: number;
  content: Content;
}

interface Slot {
  rev: string;
  did: string;
  collection: string;
  rkey: string;
  seenUs: number;
  /** Null: deleted. The slot stays, for an older create may still arrive. */
  content: Content | null;
}

type AccountFrame = Extract<Frame, { is: 'account' }>;
type IdentityFrame = Extract<Frame, { is: 'identity' }>;

const isGreaterAccount = (one: AccountFrame, other: AccountFrame): boolean => {
  if (one.versionUs !== other.versionUs) return one.versionUs > other.versionUs;
  if (one.active !== other.active) return one.active;
  return one.status > other.status;
};

const isGreaterHandle = (one: IdentityFrame, other: IdentityFrame): boolean =>
  one.versionUs === other.versionUs ? (one.handle ?? '') > (other.handle ?? '') : one.versionUs > other.versionUs;

/**
 * What the index must answer, worked out the slow way from the frames alone.
 * A record is what its operation of the highest revision made it, whatever the order or repetition of arrival;
 * an account's state is that of the latest event. Every answer is computed anew from the state when asked.
 */
export class Oracle {
  readonly #slots = new Map<string, Slot>();
  readonly #accounts = new Map<string, AccountFrame>();
  readonly #handles = new Map<string, IdentityFrame>();
  readonly #authors = new Set<string>();
  readonly #subjects = new Set<string>();
  readonly #firstSeenUs = new Map<string, number>();
  readonly #counts = { ok: 0, dropped: 0, ignored: 0 };

  /** Takes one text frame of the wire. `ok` covers frames of collections that are not indexed. */
  apply(frameText: string): 'ok' | 'dropped' {
    const frame = readFrame(frameText);
    if (frame.is === 'dropped') {
      this.#counts.dropped += 1;
      return 'dropped';
    }
    this.#counts.ok += 1;
    if (frame.is === 'ignored') {
      this.#counts.ignored += 1;
      return 'ok';
    }
    this.#authors.add(frame.did);
    this.#see(frame.did, frame.timeUs);
    if (frame.is === 'record') this.#applyRecord(frame);
    if (frame.is === 'account') {
      const known = this.#accounts.get(frame.did);
      if (known === undefined || isGreaterAccount(frame, known)) this.#accounts.set(frame.did, frame);
    }
    if (frame.is === 'identity' && frame.handle !== undefined) {
      const known = this.#handles.get(frame.did);
      if (known === undefined || isGreaterHandle(frame, known)) this.#handles.set(frame.did, frame);
    }
    return 'ok';
  }

  #see(did: string, timeUs: number): void {
    this.#firstSeenUs.set(did, Math.min(timeUs, this.#firstSeenUs.get(did) ?? timeUs));
  }

  #applyRecord({ did, timeUs, collection, rkey, rev, content }: Extract<Frame, { is: 'record' }>): void {
    const named = content === null ? [] : didsNamed(content);
    for (const one of named) this.#subjects.add(one);
    const mentioned = content?.kind === 'post' ? content.post.mentions : [];
    for (const one of [...named, ...mentioned]) this.#see(one, timeUs);
    const uri = `at://${did}/${collection}/${rkey}`;
    const known = this.#slots.get(uri);
    if (known === undefined || rev > known.rev)
      this.#slots.set(uri, { rev, did, collection, rkey, seenUs: timeUs, content });
  }

  /** Frames taken so far; `ignored` ones are among the `ok`. */
  counts(): { ok: number; dropped: number; ignored: number } {
    return { ...this.#counts };
  }

  /** DIDs that a frame of the index's concern came from. */
  authors(): Set<string> {
    return new Set(this.#authors);
  }

  /** DIDs that any record, live or not, pointed at: subjects, and owners of subjects, parents, roots, quotes and lists. */
  subjects(): Set<string> {
    return new Set(this.#subjects);
  }

  /** When each DID was first seen, as an author or in somebody's record (mentions too), in microseconds. */
  firstSeenUs(): Map<string, number> {
    return new Map(this.#firstSeenUs);
  }

  /** The state of every author. */
  actors(): Map<string, OracleActor> {
    const answer = new Map<string, OracleActor>();
    for (const did of this.#authors) {
      const account = this.#accounts.get(did);
      const handle = this.#handles.get(did)?.handle ?? null;
      answer.set(did, { handle, active: account?.active ?? true, status: account?.status ?? '' });
    }
    return answer;
  }

  *#live(): Generator<[string, Slot, Content]> {
    for (const [uri, slot] of this.#slots) if (slot.content !== null) yield [uri, slot, slot.content];
  }

  /** Every live record. */
  records(): OracleRecord[] {
    return [...this.#live()].map(([uri, { did, rkey, seenUs }, content]) => ({ uri, did, rkey, seenUs, content }));
  }

  /** Live posts by uri. */
  posts(): Map<string, OraclePost> {
    const answer = new Map<string, OraclePost>();
    for (const [uri, , content] of this.#live()) if (content.kind === 'post') answer.set(uri, content.post);
    return answer;
  }

  /** Live profiles by uri (`at://did/app.bsky.actor.profile/self`). */
  profiles(): Map<string, OracleProfile> {
    const answer = new Map<string, OracleProfile>();
    for (const [uri, , content] of this.#live()) if (content.kind === 'profile') answer.set(uri, content.profile);
    return answer;
  }

  /** Live lists by uri. */
  lists(): Map<string, OracleList> {
    const answer = new Map<string, OracleList>();
    for (const [uri, , content] of this.#live()) if (content.kind === 'list') answer.set(uri, content.list);
    return answer;
  }

  /** Live list items by their own uri. */
  listItems(): Map<string, OracleListItem> {
    const answer = new Map<string, OracleListItem>();
    for (const [uri, , content] of this.#live()) if (content.kind === 'listitem') answer.set(uri, content.item);
    return answer;
  }

  /** Live feed generators by uri. */
  generators(): Map<string, OracleGenerator> {
    const answer = new Map<string, OracleGenerator>();
    for (const [uri, , content] of this.#live()) if (content.kind === 'generator') answer.set(uri, content.generator);
    return answer;
  }

  /** Engagement by subject uri, of every subject with any; subjects need not be posts, nor known. */
  engagement(): Map<string, OracleEngagement> {
    const found = new Map<string, Record<Reaction, string[]>>();
    for (const [, slot, content] of this.#live()) {
      for (const [reaction, subject] of reactionsIn(content)) {
        const lists = found.get(subject) ?? { like: [], repost: [], reply: [], quote: [] };
        lists[reaction].push(slot.did);
        found.set(subject, lists);
      }
    }
    const answer = new Map<string, OracleEngagement>();
    for (const [subject, { like, repost, reply, quote }] of found) {
      const records = { likes: like.length, reposts: repost.length, replies: reply.length, quotes: quote.length };
      const [likers, reposters, repliers, quoters] = [like, repost, reply, quote].map((dids) => new Set(dids).size);
      answer.set(subject, { ...records, likers, reposters, repliers, quoters } as OracleEngagement);
    }
    return answer;
  }

  #pairs(kind: 'follow' | 'block'): Map<string, Set<string>> {
    const answer = new Map<string, Set<string>>();
    for (const [, slot, content] of this.#live()) {
      if (content.kind !== kind) continue;
      const subjects = answer.get(slot.did) ?? new Set<string>();
      answer.set(slot.did, subjects.add(content.subject));
    }
    return answer;
  }

  /** Who follows whom: a DID to the DIDs it follows, each once however many records say so. */
  follows(): Map<string, Set<string>> {
    return this.#pairs('follow');
  }

  /** Who blocks whom, in the same shape. */
  blocks(): Map<string, Set<string>> {
    return this.#pairs('block');
  }

  /** Different followers and followed accounts of every DID that has either. */
  followCounts(): Map<string, OracleFollowCounts> {
    const answer = new Map<string, OracleFollowCounts>();
    const of = (did: string): OracleFollowCounts => {
      const counts = answer.get(did) ?? { followers: 0, following: 0 };
      answer.set(did, counts);
      return counts;
    };
    for (const [did, subjects] of this.follows()) {
      of(did).following += subjects.size;
      for (const subject of subjects) of(subject).followers += 1;
    }
    return answer;
  }

  /** Live records of each indexed collection, by NSID, zeros included. */
  liveCounts(): Map<string, number> {
    const answer = new Map([...kindByCollection.keys()].map((collection): [string, number] => [collection, 0]));
    for (const [, { collection }] of this.#live()) answer.set(collection, (answer.get(collection) ?? 0) + 1);
    return answer;
  }

  /** Every live record's uri and revision. */
  revisions(): Map<string, string> {
    return new Map([...this.#live()].map(([uri, slot]): [string, string] => [uri, slot.rev]));
  }

  /** Live records by the UTC day `YYYY-MM-DD` of their key's time; keys that are no TID belong to no day. */
  days(): Map<string, OracleDay> {
    const answer = new Map<string, OracleDay>();
    const fields = { post: 'posts', like: 'likes', repost: 'reposts', follow: 'follows' } as const;
    for (const [, slot, content] of this.#live()) {
      if (!isTid(slot.rkey) || !Object.hasOwn(fields, content.kind)) continue;
      const day = dayOf(tidTimeUs(slot.rkey));
      const counts = answer.get(day) ?? { posts: 0, replies: 0, quotes: 0, likes: 0, reposts: 0, follows: 0 };
      counts[fields[content.kind as keyof typeof fields]] += 1;
      if (content.kind === 'post' && content.post.replyParent !== null) counts.replies += 1;
      if (content.kind === 'post' && content.post.quote !== null) counts.quotes += 1;
      answer.set(day, counts);
    }
    return answer;
  }
}
