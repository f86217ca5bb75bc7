-- What the feeds read and write.

-- Posts again, the author first: what some accounts posted lately, and the facts of single posts, are a few small granules an
-- author. Only what feeds choose by; texts are in `posts`. `at_ms` is `posts.sort_at` in milliseconds, `langs` are primary subtags
-- in lower case, `tags` are in lower case. Parts as those of `engagement` (0009).
CREATE TABLE IF NOT EXISTS author_posts
(
    actor_id UInt64,
    tid UInt64,
    day Date,
    at_ms Int64,
    version Int64,
    deleted UInt8,
    reply_parent_id UInt64,
    reply_parent_tid UInt64,
    reply_root_id UInt64,
    quote_id UInt64,
    embed_kind LowCardinality(String),
    langs Array(LowCardinality(String)),
    tags Array(String),
    labels Array(LowCardinality(String))
)
ENGINE = ReplacingMergeTree(version, deleted)
PARTITION BY if(day >= '2023-01-01' AND day < '2041-01-01', toYear(day), 0)
ORDER BY (actor_id, tid)
SETTINGS index_granularity = 128, min_bytes_for_wide_part = 1099511627776, min_rows_for_wide_part = 1099511627776,
    min_age_to_force_merge_seconds = 1800, max_bytes_to_merge_at_max_space_in_pool = 1000000000;

CREATE MATERIALIZED VIEW IF NOT EXISTS posts_to_author_posts TO author_posts AS
SELECT actor_id, tid, day, toUnixTimestamp64Milli(sort_at) AS at_ms, version, deleted,
    reply_parent_id, reply_parent_tid, reply_root_id, quote_id, embed_kind,
    arrayDistinct(arrayMap(lang -> lower(splitByChar('-', lang)[1]), langs)) AS langs,
    arrayDistinct(arrayMap(tag -> lowerUTF8(tag), tags)) AS tags, labels
FROM posts;

INSERT INTO author_posts (actor_id, tid, day, at_ms, version, deleted, reply_parent_id, reply_parent_tid, reply_root_id, quote_id,
    embed_kind, langs, tags, labels)
SELECT actor_id, tid, day, toUnixTimestamp64Milli(sort_at), version, deleted,
    reply_parent_id, reply_parent_tid, reply_root_id, quote_id, embed_kind,
    arrayDistinct(arrayMap(lang -> lower(splitByChar('-', lang)[1]), langs)), arrayDistinct(arrayMap(tag -> lowerUTF8(tag), tags)), labels
FROM posts;

-- What went away, in the order in which it was stored: a ranking made before that must not show it any more. `tid` 0 is the whole
-- account. `gone` 0: the account is back. Whoever serves rankings reads its end every moment; what is older than any ranking is of
-- no use.
CREATE TABLE IF NOT EXISTS gone
(
    at DateTime64(3, 'UTC'),
    actor_id UInt64,
    tid UInt64,
    version UInt64,
    gone UInt8
)
ENGINE = MergeTree
ORDER BY at
TTL toDateTime(at) + INTERVAL 3 DAY
SETTINGS index_granularity = 1024;

CREATE MATERIALIZED VIEW IF NOT EXISTS posts_to_gone TO gone AS
SELECT now64(3, 'UTC') AS at, actor_id, tid, toUInt64(greatest(0, version)) AS version, 1 AS gone FROM posts WHERE deleted = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS inactive_states_to_gone TO gone AS
SELECT now64(3, 'UTC') AS at, actor_id, 0 AS tid, version, toUInt8(1 - deleted) AS gone FROM inactive_states;

-- What accounts told us about the posts they were shown. An account's lie together: its taste is made of them.
CREATE TABLE IF NOT EXISTS feed_interactions
(
    at DateTime64(3, 'UTC'),
    viewer_id UInt64,
    feed LowCardinality(String),
    event LowCardinality(String),
    actor_id UInt64,
    tid UInt64,
    uri String CODEC(ZSTD(1)),
    context String CODEC(ZSTD(1)),
    req_id String CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
ORDER BY (viewer_id, at, feed, event, actor_id, tid)
TTL toDateTime(at) + INTERVAL 90 DAY
SETTINGS index_granularity = 1024;

-- Who read what, without saying who: `visitor` is a hash that is another one every day (0: not signed in).
CREATE TABLE IF NOT EXISTS feed_visits
(
    day Date,
    feed LowCardinality(String),
    visitor UInt64,
    requests SimpleAggregateFunction(sum, UInt64),
    first_pages SimpleAggregateFunction(sum, UInt64),
    depth SimpleAggregateFunction(max, UInt32)
)
ENGINE = AggregatingMergeTree
ORDER BY (day, feed, visitor)
TTL day + INTERVAL 90 DAY;
