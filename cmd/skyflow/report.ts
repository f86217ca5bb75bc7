import { basename } from 'node:path';
import type { Catalogue, FeedHealth } from '#pkg/feeds/parts.ts';
import type { StatusReport } from '#pkg/indexer/status.ts';

/** How the feeds that all share are doing. Times are ISO 8601, `null` is "never". */
export interface FeedsReport {
  readonly shared: number;
  /** Those that are served as they were some time ago, because they cannot be ranked anew. */
  readonly stale: readonly { readonly rkey: string; readonly rankedAt: string | null; readonly error: string | null }[];
  /** Their names, without the way to them: a report may be public. */
  readonly broken: readonly string[];
}

/** How everything in this process is doing. */
export interface FullReport extends StatusReport {
  /** Absent where nothing serves feeds. */
  readonly feeds?: FeedsReport | undefined;
}

/** Made of what the parts know themselves: asking costs nothing. */
export const feedsReport = (
  health: readonly FeedHealth[],
  problems: ReturnType<Catalogue['problems']>,
): FeedsReport => ({
  shared: health.length,
  stale: health
    .filter(({ stale }) => stale)
    .map(({ rkey, rankedAtMs, error = null }) => ({
      rkey,
      rankedAt: rankedAtMs === undefined ? null : new Date(rankedAtMs).toISOString(),
      error,
    })),
  broken: problems.map(({ folder }) => basename(folder)),
});

/** What the parts of a process say on its internal page's `/ready`, by name, as they are built. */
export type ReadyDetails = Map<string, () => unknown>;

export const tellDetails = (details: ReadyDetails): Record<string, unknown> =>
  Object.fromEntries([...details].map(([name, tell]) => [name, tell()]));
