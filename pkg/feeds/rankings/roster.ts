import type { Feed } from '../feed.ts';
import type { Catalogue } from '../parts.ts';
import { type Freshness, freshnessOf } from './freshness.ts';

/** The shared feeds, with what is known of each. */
export interface Roster {
  /** A feed's state; it is kept for as long as the catalogue has the feed in this form. */
  stateOf(feed: Feed): Freshness;
  /** Of all shared feeds of the catalogue. */
  states(): readonly Freshness[];
}

export const createRoster = (catalogue: Pick<Catalogue, 'feeds'>): Roster => {
  const known = new Map<string, Freshness>();
  const stateOf = (feed: Feed): Freshness => {
    const key = `${feed.rkey} ${feed.fingerprint}`;
    const state = known.get(key) ?? freshnessOf(feed);
    known.set(key, state);
    return state;
  };
  return {
    stateOf,
    states: () => {
      const present = new Set(catalogue.feeds().flatMap((feed) => (feed.personal ? [] : stateOf(feed))));
      for (const [key, state] of known) if (!present.has(state)) known.delete(key);
      return [...present];
    },
  };
};
