import type { FeedHealth } from '#pkg/feeds/parts.ts';

/** What `/ready` says about feeds. A stale feed is served all the same, so it makes nothing unready. */
export const feedsDetail = (health: readonly FeedHealth[]) => ({
  feeds: { shared: health.length, stale: health.filter(({ stale }) => stale).map(({ rkey }) => rkey) },
});
