import type { BoardSpec } from '../board-spec.ts';
import { reactionsOf } from '../reactions.ts';

const bucketSeconds = 600;
const peaks = 3;

/** Posts of the audience by ten minutes; the three buckets with the most skypoints are peaks, the newer of equals. */
export const flowBoard: BoardSpec = {
  windowsBack: 0,
  read: async (rows) => {
    const buckets = rows.map((row) => ({
      atMs: Number(row['at_ms']),
      posts: Number(row['posts']),
      ...reactionsOf(row),
    }));
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
