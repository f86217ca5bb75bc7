import type { ClickHouse } from '#pkg/clickhouse/client.ts';

/**
 * A network for the lens benchmark, made inside ClickHouse straight into the tables that the lenses read: 500 reactions an
 * author in 30 days, whatever the size, so that a bigger network means more accounts and not busier ones.
 */
export interface LensWorld {
  /** Rows of `engagement`. */
  readonly reactions: number;
  readonly authors: number;
  readonly posts: number;
  /** The end of the last day, microseconds since 1970. */
  readonly nowUs: bigint;
}

const reactionsPerAuthor = 500;
const postsPerAuthor = 60;
const days = 30;
const dayUs = 86_400_000_000n;

export const planWorld = (reactions: number, nowMs: number): LensWorld => {
  const authors = Math.max(2_000, Math.round(reactions / reactionsPerAuthor));
  return { reactions, authors, posts: authors * postsPerAuthor, nowUs: BigInt(nowMs) * 1000n };
};

/** The id of author `n`, an SQL expression. */
const authorId = (n: string): string => `sipHash64('author', toUInt64(${n}))`;
/** When post `p` was written, microseconds since 1970: anywhere in the 30 days. */
const postUs = (p: string, { nowUs }: LensWorld): string =>
  `(toUInt64(${nowUs}) - sipHash64('post', toUInt64(${p})) % ${BigInt(days) * dayUs})`;
const tidOf = (us: string): string => `bitOr(bitShiftLeft(toUInt64(${us}), 10), 7)`;
const dayOf = (us: string): string => `toDate(toUInt16(intDiv(${us}, ${dayUs})))`;

const noLimits = { max_execution_time: 3_600, max_insert_threads: 2, max_block_size: 131_072 };

const chunk = 1_000_000;

/** Writes the world. Reactions come in the order of the days, as they would; the last day in small parts. */
export const writeWorld = async (
  store: ClickHouse,
  world: LensWorld,
  onProgress: (done: number) => void = () => undefined,
): Promise<void> => {
  await writeAccounts(store, world);
  await writeFollows(store, world);
  for (let from = 0; from < world.posts; from += chunk)
    await writePosts(store, world, from, Math.min(world.posts, from + chunk));
  for (let from = 0; from < world.reactions; from += chunk) {
    await writeReactions(store, world, from, Math.min(world.reactions, from + chunk));
    onProgress(Math.min(world.reactions, from + chunk));
  }
  await unlike(store, world);
};

const writeAccounts = async (store: ClickHouse, { authors, nowUs }: LensWorld): Promise<void> => {
  await store.command(
    `INSERT INTO actors (actor_id, did, handle, account, first_seen_at)
     SELECT ${authorId('number')}, concat('did:plc:', substring(lower(hex(sipHash128('did', number))), 1, 24)),
       (toUInt64(1), concat('user', toString(number), '.example.com')),
       (toUInt64(number % 25 = 0 ? 1 : 0), toUInt8(number % 100 != 0), if(number % 100 = 0, 'deactivated', '')),
       fromUnixTimestamp64Micro(toInt64(${nowUs - 90n * dayUs}), 'UTC')
     FROM numbers(${authors})`,
    undefined,
    noLimits,
  );
};

/** Every tenth account follows 1,000 others; all have some 100 followers. A fifth follows back. */
const writeFollows = async (store: ClickHouse, world: LensWorld): Promise<void> => {
  const { authors, nowUs } = world;
  const tid = tidOf(`${nowUs} - sipHash64('follow', f, s) % ${90n * dayUs}`);
  for (const [table, columns] of [
    ['follows', 'actor_id, subject_id'],
    ['followers', 'subject_id, actor_id'],
  ] as const) {
    const follower = authorId('f');
    const subject = authorId('s');
    const order = table === 'follows' ? `${follower}, ${subject}` : `${subject}, ${follower}`;
    const total = Math.ceil(authors / 10) * 1000;
    for (let from = 0; from < total; from += chunk)
      await store.command(
        `INSERT INTO ${table} (${columns}, tid, version, deleted)
       SELECT ${order}, ${tid}, 1, 0
       FROM (SELECT intDiv(number, 1000) * 10 AS f, sipHash64('s', number) % ${authors} AS s FROM numbers(${from}, ${Math.min(chunk, total - from)}))`,
        undefined,
        noLimits,
      );
  }
  for (const [table, columns] of [
    ['blocks', 'actor_id, subject_id'],
    ['blocked_by', 'subject_id, actor_id'],
  ] as const) {
    await store.command(
      `INSERT INTO ${table} (${columns}, tid, version, deleted)
       SELECT ${columns}, tid, 1, 0 FROM (
         SELECT ${authorId(`sipHash64('b', number) % ${authors}`)} AS actor_id, ${authorId(`sipHash64('c', number) % ${authors}`)} AS subject_id,
           ${tidOf(`${nowUs} - sipHash64('d', number) % ${90n * dayUs}`)} AS tid
         FROM numbers(${authors} * 3))`,
      undefined,
      noLimits,
    );
  }
};

const writePosts = async (store: ClickHouse, world: LensWorld, from: number, to: number): Promise<void> => {
  const at = 'us';
  await store.command(
    `INSERT INTO posts (tid, actor_id, version, deleted, created_at, sort_at, seen_at, text, langs, mentions)
     SELECT ${tidOf(at)}, ${authorId(`intDiv(number, ${postsPerAuthor})`)}, 1, 0, fromUnixTimestamp64Milli(toInt64(intDiv(us, 1000)), 'UTC'),
       fromUnixTimestamp64Milli(toInt64(intDiv(us, 1000)), 'UTC'), fromUnixTimestamp64Micro(toInt64(us), 'UTC'),
       concat('a post about ', toString(number % 1000), ' things ', hex(sipHash64(number))), ['en'],
       if(number % 20 = 0, [${authorId(`sipHash64('m', number) % ${world.authors}`)}], [])
     FROM (SELECT number, ${postUs('number', world)} AS us FROM numbers(${from}, ${to - from}))`,
    undefined,
    noLimits,
  );
};

/** The busier half of the reactions goes to a tenth of the posts. */
const writeReactions = async (store: ClickHouse, world: LensWorld, from: number, to: number): Promise<void> => {
  const { posts, authors, nowUs, reactions } = world;
  // Reaction `number` belongs to the day of its place: posts are taken from that day by trying keys of the right day is not
  // possible for hashed times, so times of posts are spread and the place only orders the inserts roughly.
  const post = `if(number % 2 = 0, sipHash64('p', number) % ${Math.floor(posts / 10)} * 10, sipHash64('q', number) % ${posts})`;
  await store.command(
    `INSERT INTO engagement (subject_day, subject_id, subject_tid, kind, actor_id, tid, version, deleted)
     SELECT ${dayOf('us')}, ${authorId(`intDiv(post, ${postsPerAuthor})`)}, ${tidOf('us')},
       CAST(multiIf(number % 100 < 75, 1, number % 100 < 88, 2, number % 100 < 98, 3, 4), 'Enum8(\\'like\\' = 1, \\'repost\\' = 2, \\'reply\\' = 3, \\'quote\\' = 4)'),
       ${authorId(`sipHash64('e', number) % ${authors}`)},
       ${tidOf(`least(us + sipHash64('t', number) % 43200000000, ${nowUs})`)}, 1, 0
     FROM (SELECT number, ${post} AS post, ${postUs('post', world)} AS us FROM numbers(${from}, ${to - from}))`,
    undefined,
    noLimits,
  );
  void reactions;
};

/** Every fiftieth reaction is taken back. */
const unlike = async (store: ClickHouse, _world: LensWorld): Promise<void> => {
  await store.command(
    `INSERT INTO engagement (subject_day, subject_id, subject_tid, kind, actor_id, tid, version, deleted)
     SELECT subject_day, subject_id, subject_tid, kind, actor_id, tid, 2, 1 FROM engagement WHERE cityHash64(tid, actor_id) % 50 = 0`,
    undefined,
    noLimits,
  );
};
