import type { Service } from '#pkg/runtime/lifecycle.ts';
import type { Feed, Filter, PostRef, RankedPost, Ranking, Viewer } from './feed.ts';

/** The feeds there are. Folders that come, change or go are noticed while it runs. */
export interface Catalogue {
  /** By rkey. A folder with a mistake is not among them; its last good form stays. */
  feeds(): readonly Feed[];
  find(rkey: string): Feed | undefined;
  /** Folders that could not be read, with what is wrong in sentences. */
  problems(): readonly { readonly folder: string; readonly mistakes: readonly string[] }[];
  readonly services: readonly Service[];
}

/** Makes rankings. */
export interface Ranker {
  /**
   * @param viewer undefined for a shared feed
   * @throws what ClickHouse threw; LimitError when the statement was stopped by a limit
   */
  rank(
    feed: Feed,
    who: { readonly viewer: Viewer | undefined; readonly langs: readonly string[] },
    signal?: AbortSignal,
  ): Promise<Ranking>;
}

/** What must not be shown any more, whatever a ranking says. Asked for every post of every page: in memory, no waiting. */
export interface Hidden {
  /** Why the post is hidden; undefined where it is not. Marks older than the ranking are settled by the ranking itself. */
  why(post: PostRef & Pick<RankedPost, 'uri' | 'labels'>, rankedAtMs: number): Filter | undefined;
  /** Grows whenever an answer may have changed, so that finished pages can be kept until then. */
  epoch(): number;
  readonly services: readonly Service[];
}

/** Rankings that can be paged, in Redis: every instance has the same. */
export interface Rankings {
  /** The newest of a shared feed, stale if need be; undefined while there is none. Asking is what keeps it fresh. */
  current(feed: Feed): Promise<Ranking | undefined>;
  /** One made earlier; undefined once it is forgotten. */
  find(id: string): Promise<Ranking | undefined>;
  /** Keeps one for as long as the feed says. */
  keep(feed: Feed, ranking: Ranking): Promise<void>;
  /** For /ready, /metrics and `status`: how fresh each shared feed is. */
  health(): readonly FeedHealth[];
  readonly services: readonly Service[];
}

/** How a shared feed is doing. */
export interface FeedHealth {
  readonly rkey: string;
  /** Undefined: never ranked. */
  readonly rankedAtMs: number | undefined;
  readonly posts: number;
  /** Failures since it last succeeded. */
  readonly failures: number;
  /** What the last failure said, in a sentence; undefined after a success. */
  readonly error: string | undefined;
  /** Older than it should be by far: its refresh fails. It is served all the same. */
  readonly stale: boolean;
}

/** What an account told us about posts. */
export interface Taste {
  /** Posts not to be shown again (`requestLess`), by `actorId:tid`. */
  readonly less: ReadonlySet<string>;
  /** Authors (by id) asked less or more of: factor of their posts' scores. 0: not shown. */
  readonly authors: ReadonlyMap<bigint, number>;
  /** The same for tags. */
  readonly tags: ReadonlyMap<string, number>;
  /** Posts that were on the screen, by `actorId:tid`. */
  readonly seen: ReadonlySet<string>;
}

/** What accounts told us, by account. */
export interface Tastes {
  /** Undefined for one who said nothing. One look-up in Redis. */
  of(viewer: Viewer): Promise<Taste | undefined>;
}

/** Orders the posts of a ranking as one account would have them. Pure. */
export type Reorder = (posts: readonly RankedPost[], taste: Taste, order: Feed['order']) => readonly RankedPost[];

/** One page that was served, for the owner's figures. */
export interface Visit {
  readonly rkey: string;
  /** Undefined: not signed in. */
  readonly viewer: Viewer | undefined;
  /** Position after the last post of the page: how deep the visitor is. */
  readonly depth: number;
  readonly isFirst: boolean;
}

/** Counts visits. Never waits, never throws, holds a bounded number. */
export interface Visits {
  count(visit: Visit): void;
  readonly services: readonly Service[];
}

/** What the operator said: who may see a feed, who is banned, who published it. Kept in Postgres, held in memory. */
export interface Rules {
  /** DIDs of a feed's members. */
  members(rkey: string): ReadonlySet<string>;
  isBanned(didOrUri: string): boolean;
  /** DIDs of the accounts under which this feed was published. */
  publishers(rkey: string): ReadonlySet<string>;
  /** Grows whenever bans or members change. */
  epoch(): number;
  /** Reads everything anew; resolves when that is in force here. */
  reload(): Promise<void>;
  readonly services: readonly Service[];
}
