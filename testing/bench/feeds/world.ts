import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import type { Keys } from '#pkg/clickhouse/keys.ts';
import { authorId, type LensWorld } from '../lenses/world.ts';

/** What each reader of a benchmark follows, wrote lately and got for it. */
const FOLLOWS = 1_000;
const POSTS_OF_READER = 30;
const REACTIONS_TO_READER = 300;
/** How far back feeds read what happened in the order of time. */
const DAYS_OF_EDGES = 3;
const noLimits = { max_execution_time: 3_600 };

/**
 * Makes a world of the lens benchmark one that feeds can be read from. It has its reactions in `engagement` alone, so the last
 * days of them are written into `edges` too; and the readers, who are accounts that can sign, follow a thousand others each.
 */
export const addReaders = async (
  store: ClickHouse,
  { world, keys, dids }: { readonly world: LensWorld; readonly keys: Keys; readonly dids: readonly string[] },
): Promise<void> => {
  const run = (sql: string, params: Record<string, unknown> = {}): Promise<void> =>
    store.command(sql, params, noLimits);
  const nowUs = BigInt(world.nowMs) * 1000n;
  const sinceTid = (nowUs - BigInt(DAYS_OF_EDGES) * 86_400_000_000n) << 10n;
  // Else the view would write them into `engagement` a second time.
  await run('DETACH TABLE edges_to_engagement');
  try {
    await run(
      `INSERT INTO edges (tid, actor_id, kind, subject_id, subject_tid, version, deleted)
       SELECT tid, actor_id, toString(kind), subject_id, subject_tid, version, deleted
       FROM engagement WHERE kind != 'post' AND tid >= {since:UInt64}`,
      { since: sinceTid },
    );
  } finally {
    await run('ATTACH TABLE edges_to_engagement');
  }
  await run('OPTIMIZE TABLE author_posts FINAL');
  const readers = { ids: dids.map((did) => keys.actorId(did)), dids: [...dids] };
  await run(
    `INSERT INTO actors (actor_id, did, handle, account, first_seen_at)
     SELECT id, did, (toUInt64(1), concat('reader', toString(at), '.example.com')), (toUInt64(1), toUInt8(1), ''), now64(6, 'UTC')
     FROM (SELECT {ids:Array(UInt64)} AS ids, {dids:Array(String)} AS dids, arrayJoin(arrayEnumerate(ids)) AS at, ids[at] AS id, dids[at] AS did)`,
    readers,
  );
  const each = (count: number): string =>
    `(SELECT arrayJoin(arrayEnumerate({ids:Array(UInt64)})) AS at, {ids:Array(UInt64)}[at] AS reader, number AS n FROM numbers(${count}))`;
  const some = (what: string): string => authorId(`sipHash64('${what}', at, n) % ${world.authors}`);
  const tidAgo = (us: string): string => `bitOr(bitShiftLeft(toUInt64(${nowUs}) - toUInt64(${us}), 10), 5)`;
  // A fifth of those followed follow back.
  for (const [actor, subject, share] of [
    ['reader', 'someone', 1],
    ['someone', 'reader', 5],
  ] as const) {
    await run(
      `INSERT INTO edges (tid, actor_id, kind, subject_id, subject_tid, version, deleted)
       SELECT ${tidAgo(`${60n * 86_400_000_000n} + at * 100000 + n`)}, ${actor}, 'follow', ${subject}, 0, 1, 0
       FROM (SELECT *, ${some('follows')} AS someone FROM ${each(FOLLOWS)}) WHERE n % ${share} = 0`,
      readers,
    );
  }
  const postAgo = (n: string): string => tidAgo(`1000000000 + at * 1000 + ${n} * 80000000000`);
  await run(
    `INSERT INTO posts (tid, actor_id, version, deleted, sort_at, seen_at, text, langs)
     SELECT ${postAgo('n')}, reader, 1, 0, fromUnixTimestamp64Micro(toInt64(bitShiftRight(${postAgo('n')}, 10)), 'UTC'),
       fromUnixTimestamp64Micro(toInt64(bitShiftRight(${postAgo('n')}, 10)), 'UTC'), 'a post of a reader', ['en']
     FROM ${each(POSTS_OF_READER)}`,
    readers,
  );
  await run(
    `INSERT INTO edges (tid, actor_id, kind, subject_id, subject_tid, version, deleted)
     SELECT ${tidAgo('900000000 + at * 1000 + n')}, ${some('fans')}, 'like', reader, ${postAgo(`(n % ${POSTS_OF_READER})`)}, 1, 0
     FROM ${each(REACTIONS_TO_READER)}`,
    readers,
  );
};
