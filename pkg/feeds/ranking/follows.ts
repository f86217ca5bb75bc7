import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import { defineQuery, readSql } from '#pkg/clickhouse/query.ts';
import { createExpiringMap } from '#pkg/identity/expiring-map.ts';
import type { Clock } from '#pkg/runtime/clock.ts';
import type { Feed, Viewer } from '../feed.ts';

/** Of one who follows more only the newest count: a statement takes some 20 bytes for each. */
const mostFollows = 5_000;
/** Somebody who opens Skyflow looks at several feeds, and at each of them again. */
const goodForMs = 10_000;
const mostViewers = 500;

const followsQuery = defineQuery<{ viewer: bigint; most: number }, { id: string }>({
  name: 'feed_follows',
  sql: readSql(import.meta.url, 'follows.sql'),
  settings: { max_execution_time: 10, max_threads: 1 },
});

/** Whom viewers follow, as ids, the newest first; as it was at most ten seconds ago. */
export interface Follows {
  /** Empty where the feed's statement does not ask for them: `{viewer_follows:Array(UInt64)}`. */
  of(viewer: Viewer | undefined, feed: Pick<Feed, 'asksFollows'>, signal?: AbortSignal): Promise<readonly bigint[]>;
}

export const createFollows = (store: ClickHouse, clock: Clock): Follows => {
  const known = createExpiringMap<readonly bigint[]>(mostViewers, clock);
  return {
    of: async (viewer, feed, signal) => {
      if (!feed.asksFollows || viewer === undefined) return [];
      const near = known.get(viewer.did);
      if (near !== undefined) return near;
      const rows = await store.query(followsQuery, { viewer: viewer.id, most: mostFollows }, { signal });
      const follows = rows.map(({ id }) => BigInt(id));
      known.set(viewer.did, follows, goodForMs);
      return follows;
    },
  };
};
