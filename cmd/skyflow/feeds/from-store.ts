import type { FeedsAction, FeedsOutcome, FeedsRequestOf } from '#pkg/admin/feeds.ts';
import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import { createKeys } from '#pkg/clickhouse/keys.ts';
import { loadSalt } from '#pkg/clickhouse/salt.ts';
import { createCatalogue, OURS_DIR } from '#pkg/feeds/catalogue/catalogue.ts';
import type { Ranker, Rankings } from '#pkg/feeds/parts.ts';
import { createRanker } from '#pkg/feeds/ranking/ranker.ts';
import { createRules } from '#pkg/feeds/rules/rules.ts';
import { createDirectory, type Directory } from '#pkg/identity/directory.ts';
import type { Postgres } from '#pkg/postgres/client.ts';
import { type Clock, systemClock } from '#pkg/runtime/clock.ts';
import { createLogger, type Logger } from '#pkg/runtime/log.ts';
import type { Stores } from '../compose.ts';
import { tablesMissing } from '../local-store.ts';
import { type PublicNames, publicNames } from '../public-names.ts';
import type { FeedsOptions } from './ask.ts';
import { createCheck } from './check.ts';
import { createFeedOperator, type FeedOperatorParts } from './operator.ts';

export interface FromStore {
  readonly stores: Stores;
  readonly options: FeedsOptions;
  readonly log: Logger;
}

/** Answers without a running Skyflow: every ranking is made for this one answer, and nothing can have gone away since. */
export const feedsFromStore = async <A extends FeedsAction>(
  request: FeedsRequestOf<A>,
  from: FromStore,
): Promise<FeedsOutcome<A>> => {
  try {
    return await createFeedOperator(await openParts(from))<A>(request);
  } catch (error) {
    return tablesMissing(error);
  }
};

const openParts = async ({ stores, options, log }: FromStore): Promise<FeedOperatorParts> => {
  const [store, postgres] = await Promise.all([stores.clickhouse(), stores.postgres()]);
  const directory = createDirectory({ clock: systemClock, plcUrl: options.plcUrl });
  const names = publicNames(options, defaultPort);
  const { feedsDir, blockedLabels = [] } = options;
  const given = { ...names, store, postgres, directory, feedsDir, blockedLabels: new Set(blockedLabels), log };
  return partsOfStores({ ...given, clock: systemClock });
};

export interface StoreParts extends PublicNames {
  /** Migrated. */
  readonly store: ClickHouse;
  /** Migrated. */
  readonly postgres: Postgres;
  readonly directory: Directory;
  readonly feedsDir: string | undefined;
  /** Values of the labels whose posts no feed shows. */
  readonly blockedLabels: ReadonlySet<string>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What requests are answered from where nothing runs: the feeds and the rules as they are now, and rankings made when asked. */
export const partsOfStores = async (given: StoreParts): Promise<FeedOperatorParts> => {
  const { store, postgres, feedsDir, blockedLabels, clock, log } = given;
  const keys = createKeys(await loadSalt(store));
  const rules = await createRules({ postgres, clock, log });
  // Its mistakes are in the answer; its log would say them a second time.
  const quiet = createLogger({ level: 'silent' });
  const catalogue = await createCatalogue({ oursDir: OURS_DIR, feedsDir, store, clock, log: quiet });
  const ranker = createRanker({ store, keys, rules, blockedLabels, clock, log });
  return {
    ...given,
    keys,
    catalogue,
    rules,
    ranker,
    rankings: rankedNow(ranker),
    own: (feed, viewer) => ranker.rank(feed, { viewer, langs: [] }),
    hidden: { why: () => undefined },
    check: createCheck({ catalogue, feedsDir, store }),
    isServing: false,
  };
};

/** Where `up` listens unless it is told otherwise. */
const defaultPort = 8000;

const rankedNow = (ranker: Ranker): Pick<Rankings, 'current' | 'health'> => ({
  current: (feed) => ranker.rank(feed, { viewer: undefined, langs: [] }),
  health: () => [],
});
