import { z } from 'zod';
import { type Outcome, outcomeOf } from './outcome.ts';

const rkey = z.string().min(1).max(512);
/** A handle, a DID, and where it says so an at-uri or a link to a post. */
const subject = z.string().min(1).max(8192);
const looking = { rkey, viewer: subject.optional() };

/** What `POST /feeds` takes: one question or order about feeds. */
export const feedsRequest = z.discriminatedUnion('action', [
  z.object({ action: z.literal('list') }),
  /** `dir`: a folder other than the one in use, absolute. */
  z.object({ action: z.literal('check'), dir: z.string().max(4096).optional() }),
  z.object({ action: z.literal('describe') }),
  z.object({
    action: z.literal('preview'),
    ...looking,
    langs: z.array(z.string().max(64)).max(100),
    limit: z.int().min(1).max(500),
  }),
  z.object({ action: z.literal('explain'), ...looking, post: subject }),
  z.object({ action: z.literal('why_empty'), ...looking }),
  z.object({ action: z.literal('published'), rkey, publisherDid: subject, cid: z.string().min(1).max(256) }),
  z.object({ action: z.literal('unpublished'), rkey, publisherDid: subject }),
  z.object({ action: z.literal('stats'), rkey: rkey.optional(), days: z.int().min(1).max(90) }),
  z.object({ action: z.literal('ban'), subject, reason: z.string().max(1000) }),
  z.object({ action: z.literal('unban'), subject }),
  z.object({ action: z.literal('bans') }),
  z.object({
    action: z.literal('members'),
    rkey,
    add: z.array(subject).max(10_000),
    remove: z.array(subject).max(10_000),
  }),
  z.object({
    action: z.literal('create_key'),
    name: z.string().min(1).max(100),
    scopes: z.array(z.string().max(64)).max(20),
    expiresMs: z.number().positive().optional(),
  }),
  z.object({ action: z.literal('keys') }),
  z.object({ action: z.literal('revoke_key'), key: z.string().min(1).max(100) }),
]);

export type FeedsRequest = z.infer<typeof feedsRequest>;
export type FeedsAction = FeedsRequest['action'];

/** A DID with the handle that it had last, where one is known. */
const account = z.object({ did: z.string(), handle: z.string().nullable() });
/** ISO 8601, UTC. */
const time = z.string();
const problems = z.array(z.object({ folder: z.string(), mistakes: z.array(z.string()) }));

/** A feed in the list. */
const listed = z.object({
  rkey: z.string(),
  displayName: z.string(),
  personal: z.boolean(),
  membersOnly: z.boolean(),
  origin: z.enum(['skyflow', 'operator']),
  /** Of the newest ranking; null: there is none, or the feed is personal. */
  posts: z.number().nullable(),
  rankedAt: time.nullable(),
  stale: z.boolean(),
  /** What the last failure to rank it said, in a sentence. */
  error: z.string().nullable(),
  publishedAs: z.array(account),
});

const described = z.object({
  rkey: z.string(),
  displayName: z.string(),
  description: z.string(),
  /** Path on this machine. */
  avatar: z.string().nullable(),
  contentMode: z.enum(['unspecified', 'video']),
  acceptsInteractions: z.boolean(),
  labels: z.array(z.string()),
});

const previewed = z.object({
  uri: z.string(),
  score: z.number(),
  parts: z.record(z.string(), z.number()),
  /** `pin`, the at-uri of a repost, or null. */
  reason: z.string().nullable(),
  context: z.string().nullable(),
  author: account,
  text: z.string(),
});

/** What became of the rows of a feed's statement. */
const report = z.object({
  rows: z.number(),
  kept: z.number(),
  dropped: z.record(z.string(), z.number()),
  tookMs: z.number(),
});

const key = z.object({
  id: z.string(),
  name: z.string(),
  prefix: z.string(),
  scopes: z.array(z.string()),
  createdAt: time,
  expiresAt: time.nullable(),
  revokedAt: time.nullable(),
  lastUsedAt: time.nullable(),
});

/** Figures of one feed on one day, UTC. The rkey '' stands for interactions of which no feed is known. */
const visited = z.object({
  day: z.string(),
  requests: z.number(),
  firstPages: z.number(),
  viewers: z.number(),
  /** Position after the last post that anybody was shown. */
  depth: z.number(),
  /** By event, such as `interactionLike` or `requestLess`; those of which there were none are left out. */
  interactions: z.record(z.string(), z.number()),
});

const check = z.object({ name: z.string(), ok: z.boolean(), value: z.string(), needs: z.string() });
const changed = z.object({ subject: z.string(), changed: z.boolean() });

/** What the feed was ranked for. `public_form`: it is personal and nobody was named, so this is what strangers see. */
const form = z.enum(['shared', 'personal', 'public_form', 'nothing']);

/** The answer to each request, by its action. */
export const feedsAnswers = {
  list: z.object({
    at: time,
    /** False: nobody here ranks them, so how they are doing is not known. */
    isServing: z.boolean(),
    feeds: z.array(listed),
    problems,
  }),
  check: z.object({
    dirs: z.array(z.string()),
    feeds: z.array(z.string()),
    problems,
    /** False: ClickHouse was not asked about the statements. */
    statementsChecked: z.boolean(),
  }),
  describe: z.object({ serviceDid: z.string(), publicUrl: z.string(), feeds: z.array(described) }),
  preview: z.object({
    rkey: z.string(),
    displayName: z.string(),
    form,
    /** The feed whose posts these are: another one than `rkey` for a public form. */
    shown: z.string(),
    viewer: account.nullable(),
    report,
    posts: z.array(previewed),
  }),
  explain: z.object({
    rkey: z.string(),
    uri: z.string(),
    viewer: account.nullable(),
    /** Why it is, or is not, there. */
    sentence: z.string(),
    /** From 1; null: it is not there. */
    rank: z.number().nullable(),
    score: z.number().nullable(),
    parts: z.record(z.string(), z.number()),
    /** What keeps it out whatever the feed says. */
    filter: z.string().nullable(),
    /** The feed's own conditions. */
    checks: z.array(check),
    rankedAt: time.nullable(),
  }),
  why_empty: z.object({
    rkey: z.string(),
    viewer: account.nullable(),
    sentences: z.array(z.string()),
    /** Of the rows of its statement; null: it was not run, or failed. */
    rows: z.number().nullable(),
    kept: z.number().nullable(),
    dropped: z.record(z.string(), z.number()),
  }),
  published: z.object({}),
  unpublished: z.object({}),
  stats: z.object({
    days: z.array(z.string()),
    feeds: z.array(z.object({ rkey: z.string(), days: z.array(visited) })),
  }),
  ban: changed,
  unban: changed,
  bans: z.object({
    bans: z.array(z.object({ subject: z.string(), handle: z.string().nullable(), reason: z.string(), at: time })),
  }),
  members: z.object({ rkey: z.string(), added: z.number(), removed: z.number(), members: z.array(account) }),
  create_key: z.object({ secret: z.string(), key }),
  keys: z.object({ keys: z.array(key) }),
  revoke_key: z.object({ key }),
} as const satisfies Record<FeedsAction, z.ZodType>;

export type FeedsAnswer<A extends FeedsAction> = z.infer<(typeof feedsAnswers)[A]>;

/** Reads the outcome of a request of this action. */
export const feedsOutcome = <A extends FeedsAction>(action: A): z.ZodType<FeedsOutcome<A>> =>
  outcomeOf(feedsAnswers[action] as unknown as z.ZodType<FeedsAnswer<A>>);

export type FeedsOutcome<A extends FeedsAction = FeedsAction> = Outcome<FeedsAnswer<A>>;

/** A request of one action. */
export type FeedsRequestOf<A extends FeedsAction> = Extract<FeedsRequest, { action: A }>;

/** Carries out requests about feeds. Rejects only for what nobody foresaw: what the person can do something about is an outcome. */
export type FeedsOperator = <A extends FeedsAction>(
  request: FeedsRequestOf<A>,
  signal?: AbortSignal,
) => Promise<FeedsOutcome<A>>;
