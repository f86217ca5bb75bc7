import { parseAtUri } from '#pkg/atproto/at-uri.ts';
import { collections } from '#pkg/atproto/collections.ts';
import { LimitError, StatementError } from '#pkg/clickhouse/limited.ts';
import type { Feed, Filter, PostRef, RankedPost, Ranking, Viewer } from '../feed.ts';
import { createFollows } from '../ranking/follows.ts';
import { createFactReader } from '../ranking/facts.ts';
import { limitsOf } from '../ranking/limits.ts';
import { sift } from '../ranking/sift.ts';
import { paramsOf } from '../ranking/statement.ts';
import type { ExplainParts } from './ports.ts';

/** One condition of a feed, and how a post stands with it. */
export interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly value: string;
  readonly needs: string;
}

/** Why a post is, or is not, in a feed. `rank` counts from 1. */
export type Explanation = PostIn | PostOut;
export interface PostIn {
  readonly in: true;
  readonly rank: number;
  readonly score: number;
  readonly parts: Readonly<Record<string, number>>;
  readonly reason: RankedPost['reason'];
  readonly rankedAtMs: number;
  readonly sentence: string;
}
export interface PostOut {
  readonly in: false;
  /** What keeps it out whatever the feed says; undefined where that is for the feed's own conditions. */
  readonly filter: Filter | undefined;
  readonly checks: readonly Check[];
  /** Of the ranking that was looked at; undefined where there is none. */
  readonly rankedAtMs: number | undefined;
  readonly sentence: string;
}

const SENTENCES: Readonly<Record<Filter, string>> = {
  malformed: 'The row that the feed returned for it cannot be read.',
  unknown: 'The index has never seen this post.',
  deleted: 'The post is deleted.',
  inactive_author: 'Its author is deactivated, suspended or gone.',
  banned_author: 'Its author is banned here.',
  banned_post: 'The post is banned here.',
  blocked_label: 'It carries a label whose posts no feed shows here.',
  blocked: 'There is a block between you and its author.',
  reply: 'It is a reply; this feed shows none.',
  language: 'It is in none of the languages of this feed.',
  duplicate: 'It is there already, or another about the same thing.',
  too_many_of_author: 'Better posts of its author have all the places that the feed gives to one.',
  too_deep: 'It ranks below the last post that is kept.',
};

const MOST_CHECKS = 50;
const MOST_CHARS = 500;

type Post = PostRef & { readonly uri: string; readonly did: string };

/**
 * Why this post is, or is not, in the feed. Undefined: `uri` is not the at-uri of a post (with a DID).
 * @param viewer whose form of a personal feed is meant; without one, the form that is shown to those whom we do not know
 * @throws what a store threw
 */
export async function explain(
  parts: ExplainParts,
  feed: Feed,
  uri: string,
  viewer: Viewer | undefined,
): Promise<Explanation | undefined> {
  const post = postOf(parts, uri);
  if (post === undefined) return undefined;
  const found = await rankingFor(parts, feed, viewer);
  const ranking = typeof found === 'string' ? undefined : found;
  const index = ranking?.posts.findIndex((one) => one.actorId === post.actorId && one.tid === post.tid) ?? -1;
  const ranked = ranking?.posts[index];
  const hidden = ranking === undefined ? undefined : parts.hidden.why(post, ranking.rankedAtMs);
  if (ranking !== undefined && ranked !== undefined && hidden === undefined) {
    const less = await askedForLess(parts, post, viewer);
    return less ? out(ranking, undefined, [LESS], 'You asked to see less of it.') : inAt(ranking, ranked, index);
  }
  // Where somebody is shown another feed in place of this one, its conditions are what counts.
  const shown = viewer === undefined ? publicFormOf(parts, feed) : feed;
  const filter = hidden ?? (await filterOf(parts, shown ?? feed, { post, viewer }));
  if (filter !== undefined) return out(ranking, filter, [], SENTENCES[filter]);
  const { checks, trouble } = shown === undefined ? NO_CHECKS : await ownChecks(parts, shown, { post, viewer });
  return out(ranking, undefined, checks, trouble ?? sentenceOf(found, checks));
}

/** The ranking that a reader of this feed is shown; in a word, why there is none. */
export async function rankingFor(
  parts: Pick<ExplainParts, 'catalogue' | 'rankings' | 'own'>,
  feed: Feed,
  viewer: Viewer | undefined,
): Promise<Ranking | 'none' | 'busy' | 'no_public_form'> {
  if (!feed.personal) return (await parts.rankings.current(feed)) ?? 'none';
  if (viewer !== undefined) return parts.own(feed, viewer);
  const form = publicFormOf(parts, feed);
  return form === undefined ? 'no_public_form' : ((await parts.rankings.current(form)) ?? 'none');
}

/** What those are shown whom we do not know. Undefined: nothing. */
export function publicFormOf(parts: Pick<ExplainParts, 'catalogue'>, feed: Feed): Feed | undefined {
  if (!feed.personal) return feed;
  const form = feed.publicForm === undefined ? undefined : parts.catalogue.find(feed.publicForm);
  return form === undefined || form.personal ? undefined : form;
}

function postOf({ keys }: ExplainParts, uri: string): Post | undefined {
  const parsed = parseAtUri(uri);
  if (parsed?.collection !== collections.post) return undefined;
  const { did, collection, rkey } = parsed;
  return { uri, did, actorId: keys.actorId(did), tid: keys.recordKey(collection, rkey).key };
}

/** The first filter that keeps it out of this feed whatever its statement says. */
async function filterOf(
  parts: ExplainParts,
  feed: Feed,
  { post, viewer }: { readonly post: Post; readonly viewer: Viewer | undefined },
): Promise<Filter | undefined> {
  const { store, rules, blockedLabels } = parts;
  // A ban is known of accounts and posts that were never seen too.
  if (rules.isBanned(post.did)) return 'banned_author';
  if (rules.isBanned(post.uri)) return 'banned_post';
  const candidate = { ...post, score: 0, reason: undefined, context: undefined, parts: undefined, oneOf: undefined };
  const facts = await createFactReader(store).read([candidate], { viewerId: viewer?.id });
  const isBanned = (didOrUri: string) => rules.isBanned(didOrUri);
  const { dropped } = sift([candidate], { feed, facts, isBanned, blockedLabels });
  const [first] = Object.entries(dropped).find(([, count]) => count > 0) ?? [];
  return first as Filter | undefined;
}

const NO_CHECKS = { checks: [] as readonly Check[], trouble: undefined as string | undefined };

/** What the feed's own statement says of this post. */
async function ownChecks(
  parts: ExplainParts,
  feed: Feed,
  { post, viewer }: { readonly post: Post; readonly viewer: Viewer | undefined },
): Promise<typeof NO_CHECKS> {
  if (feed.why === undefined) return NO_CHECKS;
  const { store, rules, keys, clock } = parts;
  const follows = await createFollows(store, clock).of(viewer, feed);
  const told = { viewer, follows, langs: [], members: rules.members(feed.rkey), nowMs: clock.nowMs(), keys };
  try {
    const rows = await store.readLimited({
      name: `feed_why_${feed.rkey}`,
      sql: feed.why.trim().replace(/;$/, ''),
      params: { ...paramsOf({ ...feed, sql: feed.why }, told), post_actor: post.actorId, post_tid: post.tid },
      lane: feed.origin === 'operator' ? 'operator' : 'ours',
      limits: { ...limitsOf(feed), maxResultRows: MOST_CHECKS },
    });
    return { checks: rows.map(checkOf), trouble: undefined };
  } catch (error) {
    if (!(error instanceof LimitError) && !(error instanceof StatementError)) throw error;
    const why = error instanceof LimitError ? 'went beyond its limits' : 'has a mistake';
    return { checks: [], trouble: `The feed's own explanation cannot be read: its why.sql ${why}.` };
  }
}

const checkOf = (row: Record<string, unknown>): Check => ({
  name: textOf(row['name']),
  ok: row['ok'] === true || Number(row['ok']) === 1,
  value: textOf(row['value']),
  needs: textOf(row['needs']),
});

const textOf = (value: unknown): string =>
  (typeof value === 'string' ? value : value === undefined || value === null ? '' : JSON.stringify(value)).slice(
    0,
    MOST_CHARS,
  );

const LESS: Check = { name: 'asked for less', ok: false, value: 'yes', needs: 'no' };

async function askedForLess(parts: ExplainParts, post: Post, viewer: Viewer | undefined): Promise<boolean> {
  if (viewer === undefined) return false;
  const taste = await parts.tastes?.of(viewer);
  return (
    taste !== undefined && (taste.less.has(`${post.actorId}:${post.tid}`) || taste.authors.get(post.actorId) === 0)
  );
}

function inAt(ranking: Ranking, { score, parts = {}, reason }: RankedPost, index: number): PostIn {
  const rank = index + 1;
  const sentence = `It is number ${rank} of ${ranking.posts.length}.`;
  return { in: true, rank, score, parts, reason, rankedAtMs: ranking.rankedAtMs, sentence };
}

const out = (
  ranking: Ranking | undefined,
  filter: Filter | undefined,
  checks: readonly Check[],
  sentence: string,
): PostOut => ({ in: false, filter, checks, rankedAtMs: ranking?.rankedAtMs, sentence });

function sentenceOf(found: Ranking | 'none' | 'busy' | 'no_public_form', checks: readonly Check[]): string {
  if (found === 'no_public_form') return 'This feed is another one for each reader: say whose is meant.';
  const failed = checks.filter(({ ok }) => !ok);
  if (failed.length > 0) {
    return `It does not meet ${failed.length} of ${checks.length} conditions: ${failed.map(({ name }) => name).join(', ')}.`;
  }
  if (found === 'busy') return 'Too many personal feeds are being made at the moment; ask again in a moment.';
  if (found === 'none') return 'The feed has not been ranked yet; ask again in a moment.';
  if (checks.length === 0) return 'The feed did not choose it, and does not say why.';
  return 'It meets every condition that the feed tells of: others rank above it, or it is newer than the ranking.';
}
