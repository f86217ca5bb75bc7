import type { FeedsAction, FeedsAnswer, FeedsRequestOf } from '#pkg/admin/feeds.ts';
import type { Feed } from '#pkg/feeds/feed.ts';
import type { Catalogue, Rankings } from '#pkg/feeds/parts.ts';
import type { WhyEmptyParts } from '#pkg/feeds/rest/ports.ts';
import type { OperatorRules } from '#pkg/feeds/rules/rules.ts';
import { UserError } from '#pkg/runtime/errors.ts';
import { nearestName } from '#pkg/runtime/nearest.ts';
import type { PublicNames } from '../public-names.ts';
import type { PeopleParts } from './people.ts';

/** What the operator's requests are answered from: the parts of a process that serves feeds, or such as were made for one request. */
export interface FeedOperatorParts extends WhyEmptyParts, PeopleParts, PublicNames {
  readonly keys: WhyEmptyParts['keys'];
  readonly catalogue: Pick<Catalogue, 'feeds' | 'find' | 'problems'>;
  readonly rankings: Pick<Rankings, 'current' | 'health'>;
  readonly rules: OperatorRules;
  /** Reads and tries the feed folders in `dir`; undefined: all that are in use. */
  readonly check: (dir: string | undefined) => Promise<Checked>;
  /** Whether this process ranks and serves them; else nothing is known of how they are doing. */
  readonly isServing: boolean;
}

/** What became of a check of feed folders. */
export interface Checked {
  readonly dirs: readonly string[];
  /** The rkeys of those that are in order. */
  readonly feeds: readonly string[];
  readonly problems: ReturnType<Catalogue['problems']>;
  /** False: ClickHouse was not asked about the statements. */
  readonly statementsChecked: boolean;
}

/** Carries out one kind of request. Throws a UserError for what the person can do something about. */
export type Handler<A extends FeedsAction> = (
  parts: FeedOperatorParts,
  request: FeedsRequestOf<A>,
  signal: AbortSignal | undefined,
) => Promise<FeedsAnswer<A>>;

/** The feed of this name. @throws UserError where there is none */
export const requireFeed = ({ catalogue }: Pick<FeedOperatorParts, 'catalogue'>, rkey: string): Feed => {
  const feed = catalogue.find(rkey);
  if (feed !== undefined) return feed;
  const guess = nearestName(
    rkey,
    catalogue.feeds().map((one) => one.rkey),
  );
  const problem = catalogue.problems().find(({ folder }) => folder.split('/').at(-1) === rkey);
  if (problem !== undefined) {
    throw new UserError(`The feed ${rkey} cannot be read: ${problem.mistakes.join(' ')}`, {
      hint: 'Once its folder is in order: skyflow feeds check',
    });
  }
  throw new UserError(`There is no feed ${rkey}.`, {
    hint: guess === undefined ? 'They are listed by: skyflow feeds list' : `Did you mean ${guess}?`,
  });
};
