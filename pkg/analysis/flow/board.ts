import type { BoardRow, BoardSpec } from '../board-spec.ts';
import { reactionsOf } from '../reactions.ts';
import { composeSql } from '../sql/compose.ts';

const bucketSeconds = 600;
const peaks = 3;

/** What the rows of one bucket count together, oldest bucket first. */
const together = (rows: readonly BoardRow[]) => {
  const buckets = new Map<number, { atMs: number; posts: number } & ReturnType<typeof reactionsOf>>();
  for (const row of rows) {
    const atMs = Number(row['at_ms']);
    const [more, known] = [{ posts: Number(row['posts']), ...reactionsOf(row) }, buckets.get(atMs)];
    buckets.set(atMs, {
      atMs,
      posts: more.posts + (known?.posts ?? 0),
      likes: more.likes + (known?.likes ?? 0),
      replies: more.replies + (known?.replies ?? 0),
      reposts: more.reposts + (known?.reposts ?? 0),
      quotes: more.quotes + (known?.quotes ?? 0),
      skypoints: more.skypoints + (known?.skypoints ?? 0),
    });
  }
  return [...buckets.values()].sort((one, other) => one.atMs - other.atMs);
};

/** Posts of the audience by ten minutes; the three buckets with the most skypoints are peaks, the newer of equals. */
export const flowBoard: BoardSpec = {
  sql: composeSql('sql/audience-rows', 'sql/audience-posts', 'flow/board'),
  windowsBack: 0,
  read: async (rows) => {
    const buckets = together(rows);
    const best = new Set(
      buckets
        .filter(({ skypoints }) => skypoints > 0)
        .sort((one, other) => other.skypoints - one.skypoints || other.atMs - one.atMs)
        .slice(0, peaks),
    );
    return {
      lens: 'flow',
      bucket_seconds: bucketSeconds,
      buckets: buckets.map((bucket) => {
        const { atMs, ...counts } = bucket;
        return { at: new Date(atMs).toISOString(), ...counts, peak: best.has(bucket) };
      }),
    };
  },
};
