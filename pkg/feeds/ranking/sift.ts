import { parseAtUri } from '#pkg/atproto/at-uri.ts';
import { isTidKey } from '#pkg/clickhouse/keys.ts';
import { FILTERS, type Feed, type Filter, type RankedPost, type Reason } from '../feed.ts';
import type { Facts, PostFacts } from './facts.ts';
import type { Candidate, RepostRef } from './rows.ts';

/** What the posts of a statement are judged by. */
export interface Sieve {
  readonly feed: Pick<Feed, 'languages' | 'maxPosts' | 'replies' | 'perAuthor'>;
  readonly facts: Facts;
  isBanned(didOrUri: string): boolean;
  /** Values of labels. */
  readonly blockedLabels: ReadonlySet<string>;
}

/** A post of which all is known that the filters ask. */
interface Judged {
  readonly candidate: Candidate;
  readonly did: string;
  readonly uri: string;
  readonly facts: PostFacts;
}

/** The filters from `deleted` to `language`; the others look at more than one post. */
const reasonsToDrop: readonly (readonly [Filter, (post: Judged, sieve: Sieve) => boolean])[] = [
  ['deleted', ({ facts }) => facts.deleted],
  ['inactive_author', ({ candidate }, { facts }) => facts.isInactive(candidate.actorId)],
  ['banned_author', ({ did }, sieve) => sieve.isBanned(did)],
  ['banned_post', ({ uri }, sieve) => sieve.isBanned(uri)],
  ['blocked_label', ({ facts }, sieve) => facts.labels.some((label) => sieve.blockedLabels.has(label))],
  ['blocked', ({ candidate }, { facts }) => facts.isBlocked(candidate.actorId)],
  ['reply', ({ facts }, { feed }) => facts.isReply && !feed.replies],
  ['language', ({ facts }, { feed }) => !speaks(facts.langs, feed.languages)],
];

/** `viewer` says nothing here: another viewer reads other languages, and all have the same ranking. */
const speaks = (langs: readonly string[], languages: Feed['languages']): boolean =>
  typeof languages === 'string' || languages.some((wanted) => langs.includes(primarySubtag(wanted)));

const primarySubtag = (language: string): string => language.toLowerCase().split('-', 1)[0] ?? '';

/** Best first. The newer post wins a tie, so that an order by hours is none by chance; keys without a time are the oldest. */
export const byRank = (a: Candidate, b: Candidate): number => {
  if (a.score !== b.score) return b.score - a.score;
  const [ageA, ageB] = [a, b].map(({ tid }) => (isTidKey(tid) ? tid : 0n)) as [bigint, bigint];
  if (ageA !== ageB) return ageA < ageB ? 1 : -1;
  if (a.tid !== b.tid) return a.tid < b.tid ? -1 : 1;
  return a.actorId < b.actorId ? -1 : Number(a.actorId > b.actorId);
};

const NOTHING_KNOWN: PostFacts = { deleted: false, isReply: false, langs: [], tags: [], labels: [] };

const judge = (candidate: Candidate, { facts }: Sieve): Judged | undefined => {
  const about = facts.post(candidate);
  const did = facts.did(candidate.actorId);
  const uri = candidate.uri ?? facts.uri(candidate, 'post');
  if (about !== undefined && did !== undefined && uri !== undefined) return { candidate, did, uri, facts: about };
  // What is pinned may be older than the index: whoever pinned it knows that it is there.
  const pinned = candidate.reason === 'pin' && about === undefined ? parseAtUri(candidate.uri ?? '') : undefined;
  return pinned && { candidate, did: pinned.did, uri: candidate.uri ?? '', facts: NOTHING_KNOWN };
};

/** A repost by one who is not shown is no reason to show; the post may stay for all that. */
const reasonOf = (reason: Candidate['reason'], sieve: Sieve): Reason | undefined =>
  reason === undefined || reason === 'pin' ? reason && { kind: 'pin' } : repostOf(reason, sieve);

const repostOf = (repost: RepostRef, sieve: Sieve): Reason | undefined => {
  const { facts } = sieve;
  const did = facts.did(repost.actorId);
  const uri = repost.uri ?? facts.uri(repost, 'repost');
  if (did === undefined || uri === undefined || facts.isInactive(repost.actorId)) return undefined;
  return sieve.isBanned(did) || sieve.isBanned(uri) ? undefined : { kind: 'repost', uri };
};

const rankedPost = ({ candidate, uri, facts }: Judged, sieve: Sieve): RankedPost => {
  const { actorId, tid, score, context, parts } = candidate;
  const reason = reasonOf(candidate.reason, sieve);
  return {
    actorId,
    tid,
    uri,
    score,
    ...(reason === undefined ? {} : { reason }),
    ...(context === undefined ? {} : { context }),
    ...(parts === undefined ? {} : { parts }),
    langs: facts.langs,
    tags: facts.tags,
    ...(facts.labels.length === 0 ? {} : { labels: facts.labels }),
  };
};

/** What it is, and what it is one of. */
const namesOf = ({ uri, candidate: { oneOf } }: Judged): string[] => (oneOf === undefined ? [uri] : [uri, oneOf]);

/** Zero of each. */
const nothingDropped = (): Record<Filter, number> =>
  Object.fromEntries(FILTERS.map((filter) => [filter, 0])) as Record<Filter, number>;

/** Puts candidates into their order and drops what is not shown, each for the first of FILTERS that applies. Pure. */
export const sift = (
  candidates: readonly Candidate[],
  sieve: Sieve,
): { posts: RankedPost[]; dropped: Record<Filter, number> } => {
  const dropped = nothingDropped();
  const posts: RankedPost[] = [];
  const kept = new Set<string>();
  const ofAuthor = new Map<bigint, number>();
  const { perAuthor = Infinity, maxPosts } = sieve.feed;
  const verdict = (judged: Judged | undefined): Filter | undefined => {
    if (judged === undefined) return 'unknown';
    const [filter] = reasonsToDrop.find(([, applies]) => applies(judged, sieve)) ?? [];
    if (filter !== undefined) return filter;
    if (namesOf(judged).some((name) => kept.has(name))) return 'duplicate';
    if ((ofAuthor.get(judged.candidate.actorId) ?? 0) >= perAuthor) return 'too_many_of_author';
    return posts.length >= maxPosts ? 'too_deep' : undefined;
  };
  for (const candidate of candidates.toSorted(byRank)) {
    const judged = judge(candidate, sieve);
    const filter = verdict(judged);
    if (filter === undefined && judged !== undefined) {
      for (const name of namesOf(judged)) kept.add(name);
      ofAuthor.set(candidate.actorId, (ofAuthor.get(candidate.actorId) ?? 0) + 1);
      posts.push(rankedPost(judged, sieve));
    } else dropped[filter ?? 'unknown'] += 1;
  }
  return { posts, dropped };
};
