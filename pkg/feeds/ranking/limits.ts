import type { StatementLimits } from '#pkg/clickhouse/limited.ts';
import type { QuerySettings } from '#pkg/clickhouse/query.ts';
import type { Feed } from '../feed.ts';

/** Rows are cheap, and many may be dropped; what a post is costs a look-up, so half as many again as are kept are looked at first. */
const overfetch = 4;
const firstLook = 1.5;

const megabyte = 1_048_576;

/**
 * An operator's statement is stopped before anybody notices; ours only when it has gone wrong. One thread each: what is looked up
 * is little, and on two it takes longer.
 */
const byOrigin: Readonly<Record<Feed['origin'], Omit<StatementLimits, 'maxResultRows'>>> = {
  operator: { maxMs: 5_000, maxMemoryBytes: 256 * megabyte, maxRowsToRead: 50_000_000, maxThreads: 1 },
  skyflow: { maxMs: 30_000, maxMemoryBytes: 512 * megabyte, maxRowsToRead: 2_000_000_000, maxThreads: 1 },
};

/** How many rows of its statement a feed takes. */
export const rowsOf = (feed: Feed): number => Math.ceil(feed.maxPosts * overfetch);

/** How many of these are looked up at first. */
export const rowsLookedAt = ({ maxPosts }: Pick<Feed, 'maxPosts'>): number => Math.ceil(maxPosts * firstLook);

/** The limits that a feed's statement runs under. */
export const limitsOf = (feed: Feed): StatementLimits => ({
  ...byOrigin[feed.origin],
  maxResultRows: rowsOf(feed),
});

/** Ours look single rows up among millions: no column is worth reading before the others, nor an index in coarse steps. */
const ourSettings = { optimize_move_to_prewhere: 0, merge_tree_coarse_index_granularity: 2 };

/**
 * Nobody waits for a shared feed, which is ranked between two visits: rows a second, so that it takes some seconds and a tenth of a
 * core. At full speed, on one core, requests were answered five times as slowly meanwhile.
 */
const unhurried = { max_execution_speed: 500_000, timeout_before_checking_execution_speed: 0 };

/** An operator's statement has none: what it may use is decided by its limits. */
export const settingsOf = (feed: Feed): { readonly settings?: QuerySettings } => {
  if (feed.origin === 'operator') return {};
  return { settings: feed.personal ? ourSettings : { ...ourSettings, ...unhurried } };
};
