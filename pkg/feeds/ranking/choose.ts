import type { Facts } from './facts.ts';
import { rowsLookedAt } from './limits.ts';
import type { Candidate } from './rows.ts';
import { byRank, sift, type Sieve } from './sift.ts';

/**
 * Fills a ranking: looks up the best candidates, and more of them as long as the filters leave room. A full index fills it at the
 * first look; a young one has not seen many of the posts that others react to.
 * @param readFacts about some candidates
 */
export const choose = async (
  candidates: readonly Candidate[],
  sieve: Omit<Sieve, 'facts'>,
  readFacts: (candidates: readonly Candidate[]) => Promise<Facts>,
): Promise<ReturnType<typeof sift>> => {
  const ordered = candidates.toSorted(byRank);
  const found: Facts[] = [];
  for (let known = 0; ;) {
    const upTo = Math.min(ordered.length, known === 0 ? rowsLookedAt(sieve.feed) : 2 * known);
    found.push(await readFacts(ordered.slice(known, upTo)));
    known = upTo;
    const { posts, dropped } = sift(ordered.slice(0, known), { ...sieve, facts: together(found) });
    if (known < ordered.length && posts.length < sieve.feed.maxPosts) continue;
    return { posts, dropped: { ...dropped, too_deep: dropped.too_deep + ordered.length - known } };
  }
};

/** What is known from several looks. */
const together = (found: readonly Facts[]): Facts => {
  const first = <T>(ask: (facts: Facts) => T | undefined): T | undefined => {
    for (const facts of found) {
      const answer = ask(facts);
      if (answer !== undefined) return answer;
    }
    return undefined;
  };
  return {
    post: (ref) => first((facts) => facts.post(ref)),
    did: (actorId) => first((facts) => facts.did(actorId)),
    isInactive: (actorId) => found.some((facts) => facts.isInactive(actorId)),
    isBlocked: (actorId) => found.some((facts) => facts.isBlocked(actorId)),
    uri: (ref, kind) => first((facts) => facts.uri(ref, kind)),
  };
};
