import type { StatementLimits } from '#pkg/clickhouse/limited.ts';
import type { Feed } from '../feed.ts';

/** A post in a ranking is followed by its half again: so many may be dropped before the ranking gets shorter. */
export const overfetch = 1.5;

const megabyte = 1_048_576;

/** An operator's statement is stopped before anybody notices; ours only when it has gone wrong. */
const byOrigin: Readonly<Record<Feed['origin'], Omit<StatementLimits, 'maxResultRows'>>> = {
  operator: { maxMs: 5_000, maxMemoryBytes: 256 * megabyte, maxRowsToRead: 50_000_000, maxThreads: 1 },
  skyflow: { maxMs: 30_000, maxMemoryBytes: 512 * megabyte, maxRowsToRead: 2_000_000_000, maxThreads: 2 },
};

/** How many rows of its statement a feed takes. */
export const rowsOf = (feed: Feed): number => Math.ceil(feed.maxPosts * overfetch);

/** The limits that a feed's statement runs under. */
export const limitsOf = (feed: Feed): StatementLimits => ({ ...byOrigin[feed.origin], maxResultRows: rowsOf(feed) });
