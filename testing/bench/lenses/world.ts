import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import { defineQuery } from '#pkg/clickhouse/query.ts';
import { systemClock } from '#pkg/runtime/clock.ts';

/**
 * A network for the lens benchmark, made inside ClickHouse and written into the tables that the indexer writes; the views fill
 * the others. 500 reactions and 60 posts an author in 30 days whatever the size: a bigger network has more accounts, not
 * busier ones. Everybody's account was heard of, as on the network, where a new account announces itself.
 */
export interface LensWorld {
  /** Reactions in `engagement`. */
  readonly reactions: number;
  readonly authors: number;
  readonly posts: number;
  /** The end of the last day, milliseconds since 1970. */
  readonly nowMs: number;
}

const reactionsPerAuthor = 500;
const postsPerAuthor = 60;
const followsPerReader = 1_000;
const days = 30;
const dayUs = 86_400_000_000n;
const chunk = 1_000_000;
/** The last half hour comes in small inserts, as the indexer makes them. */
const newestInserts = 30;
const noLimits = { max_execution_time: 3_600, max_insert_threads: 2 };

export const planWorld = (reactions: number, nowMs: number): LensWorld => {
  const authors = Math.max(2_000, Math.round(reactions / reactionsPerAuthor));
  return { reactions, authors, posts: authors * postsPerAuthor, nowMs };
};

/** The id of author `n`, an SQL expression. Every tenth follows a thousand others (`readerId`). */
export const authorId = (n: string): string => `sipHash64('author', toUInt64(${n}))`;
export const readerId = (n: string): string => authorId(`${n} * 10`);

const nowUs = (world: LensWorld): bigint => BigInt(world.nowMs) * 1000n;
const periodUs = BigInt(days) * dayUs;
/** When post `p` was written, microseconds since 1970: the posts come evenly over the 30 days, by authors in no order. */
const postUs = (p: string, world: LensWorld): string =>
  `(toUInt64(${nowUs(world) - periodUs}) + toUInt64(${p}) * ${periodUs / BigInt(world.posts)})`;
const authorOf = (p: string, world: LensWorld): string =>
  authorId(`sipHash64('by', toUInt64(${p})) % ${world.authors}`);
const tidOf = (us: string): string => `bitOr(bitShiftLeft(toUInt64(${us}), 10), 7)`;
const longAgo = (what: string, world: LensWorld): string =>
  tidOf(`${nowUs(world)} - ${90n * dayUs} + ${what} % ${60n * dayUs}`);

const inChunks = async (
  from: number,
  to: number,
  size: number,
  write: (from: number, count: number) => Promise<void>,
): Promise<void> => {
  for (let at = from; at < to; at += size) await write(at, Math.min(size, to - at));
};

/** Writes the world; `onProgress` hears how many rows of how many are there. */
export const writeWorld = async (
  store: ClickHouse,
  world: LensWorld,
  onProgress: (done: number, total: number) => void = () => undefined,
): Promise<void> => {
  const total = world.posts + world.reactions;
  const run = (sql: string): Promise<void> => store.command(sql, undefined, noLimits);
  await writeAccounts(run, world);
  await inChunks(0, Math.ceil(world.authors / 10) * followsPerReader, chunk, (from, count) =>
    run(followsSql(world, from, count)),
  );
  await run(blocksSql(world));
  // In the order of time, as the indexer writes: what is old lies in parts that a question about two days need not open.
  let posts = 0;
  const write = async (from: number, count: number): Promise<void> => {
    const upTo = Math.ceil(((from + count) / world.reactions) * world.posts);
    await run(postsSql(world, posts, upTo - posts));
    await run(reactionsSql(world, from, count));
    posts = upTo;
    onProgress(posts + from + count, total);
  };
  const newest = Math.ceil(world.reactions / days / 48);
  await inChunks(0, world.reactions - newest, chunk, write);
  await mergeAsLater(store, run);
  await inChunks(world.reactions - newest, world.reactions, Math.ceil(newest / newestInserts), write);
};

type Run = (sql: string) => Promise<void>;

const mergingQuery = defineQuery<Record<string, never>, { running: string }>({
  name: 'bench_merges',
  sql: 'SELECT count() AS running FROM system.merges',
});

/** Until the engine has nothing left to merge. */
const settled = async (store: ClickHouse): Promise<void> => {
  for (let quietSeconds = 0; quietSeconds < 10;) {
    await systemClock.sleep(1_000);
    const [row] = await store.query(mergingQuery, {});
    quietSeconds = row?.running === '0' ? quietSeconds + 1 : 0;
  }
};

/** Lets the table's own rule about older parts hold for those of now: a month was written in minutes. */
const mergeAsLater = async (store: ClickHouse, run: Run): Promise<void> => {
  await run('ALTER TABLE engagement MODIFY SETTING min_age_to_force_merge_seconds = 1');
  await settled(store);
  await run('ALTER TABLE engagement MODIFY SETTING min_age_to_force_merge_seconds = 1800');
};

/** Everybody has a name and a state; one in a hundred has left. */
const writeAccounts = async (run: Run, world: LensWorld): Promise<void> => {
  await run(`INSERT INTO actors (actor_id, did, handle, account, first_seen_at)
    SELECT ${authorId('number')}, concat('did:plc:', substring(lower(hex(sipHash128('did', number))), 1, 24)),
      (toUInt64(1), concat('user', toString(number), '.example.com')),
      (toUInt64(1), toUInt8(number % 100 != 1), if(number % 100 = 1, 'deactivated', '')),
      fromUnixTimestamp64Micro(toInt64(${nowUs(world) - 90n * dayUs}), 'UTC')
    FROM numbers(${world.authors})`);
  await run('INSERT INTO inactive_states SELECT actor_id, 2, account.3, 0 FROM actors WHERE account.2 = 0');
  await run(`INSERT INTO ingest_log (flushed_at, source, resumable, first_time_us, last_time_us, cursor_us, events, operations)
    SELECT now64(3, 'UTC'), 'bench', 0, ${nowUs(world) - 90n * dayUs}, ${nowUs(world)}, ${nowUs(world)}, 1, map('create', 1)`);
};

/** Edges of a kind that have no post on their other side. */
const edgesSql = (kind: string, pairs: string, from: string): string =>
  `INSERT INTO edges (tid, actor_id, kind, subject_id, subject_tid, version, deleted)
   SELECT tid, actor_id, '${kind}', subject_id, 0, 1, 0 FROM (SELECT ${pairs} FROM ${from})`;

/** Every tenth account follows 1,000 others, so all have some 100 followers. */
const followsSql = (world: LensWorld, from: number, count: number): string =>
  edgesSql(
    'follow',
    `${readerId(`intDiv(number, ${followsPerReader})`)} AS actor_id, ${authorId(`sipHash64('s', number) % ${world.authors}`)} AS subject_id,
     ${longAgo("sipHash64('follow', number)", world)} AS tid`,
    `numbers(${from}, ${count})`,
  );

const blocksSql = (world: LensWorld): string =>
  edgesSql(
    'block',
    `${authorId(`sipHash64('b', number) % ${world.authors}`)} AS actor_id, ${authorId(`sipHash64('c', number) % ${world.authors}`)} AS subject_id,
     ${longAgo("sipHash64('block', number)", world)} AS tid`,
    `numbers(${world.authors * 3})`,
  );

const postsSql = (world: LensWorld, from: number, count: number): string =>
  `INSERT INTO posts (tid, actor_id, version, deleted, created_at, sort_at, seen_at, text, langs, mentions)
   SELECT ${tidOf('us')}, ${authorOf('number', world)}, 1, 0, fromUnixTimestamp64Milli(toInt64(intDiv(us, 1000)), 'UTC'),
     fromUnixTimestamp64Milli(toInt64(intDiv(us, 1000)), 'UTC'), fromUnixTimestamp64Micro(toInt64(us), 'UTC'),
     concat('a post about ', toString(number % 1000), ' things ', hex(sipHash64(number))), ['en'],
     if(number % 20 = 0, [${authorId(`sipHash64('m', number) % ${world.authors}`)}], [])
   FROM (SELECT number, ${postUs('number', world)} AS us FROM numbers(${from}, ${count}))`;

/**
 * Reactions come evenly too, each on a post of the half day before it, mostly on young ones; half of them go to a tenth of the
 * posts, and every fiftieth is taken back. Straight into `engagement`: written as edges a hundred million would be written twice, and no lens reads the other
 * copy.
 */
const reactionsSql = (world: LensWorld, from: number, count: number): string => {
  const { posts, authors, reactions } = world;
  const recent = Math.max(1, Math.floor(posts / days / 2));
  const young = `toUInt64(pow(sipHash64('lag', number) % 1000 / 1000, 3) * ${recent})`;
  const newest = `intDiv(number * ${posts}, ${reactions})`;
  const post = `toUInt64(greatest(0, toInt64(${newest}) - toInt64(${young})))`;
  return `INSERT INTO engagement (subject_day, subject_id, subject_tid, kind, actor_id, tid, version, deleted)
   SELECT toDate(toUInt16(intDiv(us, ${dayUs}))), ${authorOf('post', world)}, ${tidOf('us')},
     multiIf(number % 100 < 75, 'like', number % 100 < 88, 'repost', number % 100 < 98, 'reply', 'quote'),
     ${authorId(`sipHash64('e', number) % ${authors}`)},
     ${tidOf(`${nowUs(world) - periodUs} + number * ${periodUs / BigInt(reactions)}`)}, 1 + gone, gone
   FROM (
     SELECT number, post, ${postUs('post', world)} AS us
     FROM (SELECT number, if(number % 2 = 0, intDiv(${post}, 10) * 10, ${post}) AS post FROM numbers(${from}, ${count}))
   )
   ARRAY JOIN if(number % 50 = 0, [0, 1], [0]) AS gone`;
};
