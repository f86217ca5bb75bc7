/** What a feed's own setting may be: it becomes the parameter of its name. */
export type SettingValue = string | number | boolean | readonly string[] | readonly number[];

/** A feed, read from its folder and found to be in order. */
export interface Feed {
  /** The record key of its generator record: how clients name it. */
  readonly rkey: string;
  readonly displayName: string;
  readonly description: string;
  /** Path of a PNG or JPEG, undefined for none. */
  readonly avatar: string | undefined;
  /** `any`: posts in all languages; `viewer`: those that the client says its user reads; else these (`en`, `pt`). */
  readonly languages: 'any' | 'viewer' | readonly string[];
  readonly contentMode: 'unspecified' | 'video';
  readonly acceptsInteractions: boolean;
  /** `members`: only its members are shown anything. */
  readonly visibility: 'public' | 'members';
  /** Best first, or newest first. Only the first kind is ordered anew for one who has seen posts or asked for more of some. */
  readonly order: 'score' | 'time';
  /** The shared feed that those are shown whom we do not know, where this one is personal. Undefined: nothing. */
  readonly publicForm: string | undefined;
  /** How old a ranking may be before it is made anew, in milliseconds. */
  readonly refreshMs: number;
  /** How long a ranking can be paged, in milliseconds. */
  readonly keepMs: number;
  /** Posts on a page when the client does not say; 1 to 100. */
  readonly pageSize: number;
  /** Posts in a ranking: how deep the feed can be paged. */
  readonly maxPosts: number;
  /** Whether replies are shown. */
  readonly replies: boolean;
  /** Posts of one author in a ranking at most; undefined: any number. */
  readonly perAuthor: number | undefined;
  /** Values of the labels that the record itself carries. */
  readonly labels: readonly string[];
  /** The statement: returns `score` and either `uri` or `actor_id` and `tid`. */
  readonly sql: string;
  /** The statement that says for one post why it is not there, undefined for none. */
  readonly why: string | undefined;
  /** The feed's own parameters. */
  readonly settings: Readonly<Record<string, SettingValue>>;
  /** Whether its statement asks who is looking: it has no ranking for all then. */
  readonly personal: boolean;
  /** Whether its statement asks whom the viewer follows. */
  readonly asksFollows: boolean;
  /** Whether its statement asks for the members. */
  readonly asksMembers: boolean;
  /** Ours are trusted to end; the operator's own run under limits. */
  readonly origin: 'skyflow' | 'operator';
  readonly folder: string;
  /** Changes whenever anything of the above does, so that no ranking of an older form is taken for one of this. */
  readonly fingerprint: string;
}

/** A post as the tables have it (see pkg/clickhouse/keys.ts). */
export interface PostRef {
  readonly actorId: bigint;
  readonly tid: bigint;
}

/** Why a post stands in a feed besides its place: who reposted it, or that it is pinned. */
export type Reason = { readonly kind: 'pin' } | { readonly kind: 'repost'; readonly uri: string };

/** A post in a ranking. */
export interface RankedPost extends PostRef {
  readonly uri: string;
  readonly score: number;
  readonly reason?: Reason;
  /** What clients send back with interactions; at most 2,000 characters. */
  readonly context?: string;
  /** Other numbers that the statement returned: what the score was made of. */
  readonly parts?: Readonly<Record<string, number>>;
  /** Primary subtags, in lower case. */
  readonly langs: readonly string[];
  /** In lower case, without `#`. */
  readonly tags: readonly string[];
  /** Values of those that its author gave it; left out where there are none. */
  readonly labels?: readonly string[];
}

/** Why a post that a statement returned is not shown. A closed list: each is counted. */
export const FILTERS = [
  /** A row that cannot be read: no post, no number for a score, a context too long, a reason that is none. */
  'malformed',
  /** A post that was never seen. */
  'unknown',
  'deleted',
  'inactive_author',
  'banned_author',
  'banned_post',
  'blocked_label',
  /** The viewer and the author, one way or the other; in personal feeds. */
  'blocked',
  'reply',
  /** In none of the feed's own languages. */
  'language',
  /** The same post once more, or another about the same thing. */
  'duplicate',
  'too_many_of_author',
  /** Ranked below the last that is kept. */
  'too_deep',
] as const;
export type Filter = (typeof FILTERS)[number];

/** What became of the rows of a statement. */
export interface RankingReport {
  readonly rows: number;
  readonly kept: number;
  readonly dropped: Readonly<Record<Filter, number>>;
  readonly tookMs: number;
}

/** Posts in their order. It never changes: another order is another ranking. */
export interface Ranking {
  /** 16 characters of [A-Za-z0-9_-]: 12 random bytes. */
  readonly id: string;
  readonly rkey: string;
  readonly fingerprint: string;
  /** The account it was made for, undefined for one that all share. */
  readonly viewerId: bigint | undefined;
  readonly rankedAtMs: number;
  readonly posts: readonly RankedPost[];
  readonly report: RankingReport;
}

/** Who is looking. */
export interface Viewer {
  readonly did: string;
  readonly id: bigint;
}
