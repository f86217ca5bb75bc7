import { randomBytes } from 'node:crypto';
import { createExpiringMap } from '#pkg/identity/expiring-map.ts';
import type { Feed, RankedPost, Ranking, Viewer } from '../feed.ts';
import type { Taste } from '../parts.ts';
import type { ServingParts } from './ports.ts';
import type { Report } from './trouble.ts';

/** A ranking that was ordered anew for one viewer. */
export interface OwnList {
  readonly ranking: Ranking;
  /** Whether it can be paged; see `keep`. */
  kept: boolean;
}

/** The lists of viewers who told us what they like. */
export interface OwnLists {
  /** Undefined where the viewer's order is that of all. */
  of(ask: OwnAsk): OwnList | undefined;
  /** Makes it one that can be paged; false where that failed. */
  keep(feed: Feed, own: OwnList): Promise<boolean>;
}

export interface OwnAsk {
  readonly base: Ranking;
  readonly viewer: Viewer;
  readonly taste: Taste;
  readonly order: Feed['order'];
}

/** Clients ask for a first page several times in a row: to look for news, then to show it. */
const REUSE_MS = 2_000;
const ID_BYTES = 12;

interface Made {
  readonly baseId: string;
  readonly taste: Taste;
  /** Undefined: the order of all. */
  readonly own: OwnList | undefined;
}

/** @param maxLists how many are held for those who ask again at once */
export function createOwnLists(
  parts: Pick<ServingParts, 'rankings' | 'reorder' | 'clock'>,
  report: Report,
  maxLists: number,
): OwnLists {
  const made = createExpiringMap<Made>(maxLists, parts.clock);
  return {
    of({ base, viewer, taste, order }) {
      const name = `${base.rkey}\0${viewer.did}`;
      const last = made.get(name);
      if (last !== undefined && last.baseId === base.id && isSameTaste(last.taste, taste)) return last.own;
      const posts = parts.reorder(base.posts, taste, order);
      const own = isSameOrder(posts, base.posts)
        ? undefined
        : { ranking: { ...base, id: newId(), viewerId: viewer.id, posts }, kept: false };
      made.set(name, { baseId: base.id, taste, own }, REUSE_MS);
      return own;
    },
    async keep(feed, own) {
      if (own.kept) return true;
      try {
        await parts.rankings.keep(feed, own.ranking);
        own.kept = true;
      } catch (error) {
        report('own_list', error);
      }
      return own.kept;
    },
  };
}

const newId = (): string => randomBytes(ID_BYTES).toString('base64url');

const isSameOrder = (one: readonly RankedPost[], other: readonly RankedPost[]): boolean =>
  one.length === other.length && one.every((post, n) => post.uri === other[n]?.uri);

/** Whether both would order and hide alike. */
export const isSameTaste = (one: Taste, other: Taste): boolean =>
  one === other ||
  (isSameSet(one.less, other.less) &&
    isSameSet(one.seen, other.seen) &&
    isSameMap(one.authors, other.authors) &&
    isSameMap(one.tags, other.tags));

function isSameSet(one: ReadonlySet<string>, other: ReadonlySet<string>): boolean {
  if (one.size !== other.size) return false;
  for (const value of one) if (!other.has(value)) return false;
  return true;
}

function isSameMap<K>(one: ReadonlyMap<K, number>, other: ReadonlyMap<K, number>): boolean {
  if (one.size !== other.size) return false;
  for (const [key, value] of one) if (other.get(key) !== value) return false;
  return true;
}
