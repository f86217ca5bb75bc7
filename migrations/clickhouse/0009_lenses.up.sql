-- What the lenses read, by the account they ask about. With the author first, an account's posts and what they got lie
-- together, so a lens reads a few small granules an account, however many accounts and days there are.

-- `engagement` again, the author first instead of the day. Small granules, and small blocks below them: a granule is read for
-- a handful of rows. A TID orders by time, so a bound on `subject_tid` is one on the day (keys that are no TID have the top bit
-- set and come last).
DROP TABLE IF EXISTS engagement_by_author SYNC;
CREATE TABLE engagement_by_author
(
    subject_day Date,
    subject_id UInt64,
    subject_tid UInt64,
    kind Enum8('like' = 1, 'repost' = 2, 'reply' = 3, 'quote' = 4),
    actor_id UInt64 CODEC(ZSTD(1)),
    tid UInt64 CODEC(ZSTD(1)),
    version Int64 CODEC(T64, ZSTD(1)),
    deleted UInt8
)
ENGINE = ReplacingMergeTree(version, deleted)
PARTITION BY if(subject_day >= '2023-01-01' AND subject_day < '2041-01-01', toYear(subject_day), 0)
ORDER BY (subject_id, subject_tid, kind, actor_id, tid)
SETTINGS index_granularity = 256, min_compress_block_size = 4096, max_compress_block_size = 16384;
INSERT INTO engagement_by_author SELECT subject_day, subject_id, subject_tid, kind, actor_id, tid, version, deleted FROM engagement;
DROP TABLE IF EXISTS engagement_by_day SYNC;
RENAME TABLE engagement TO engagement_by_day, engagement_by_author TO engagement;
DROP TABLE engagement_by_day SYNC;

-- When each author posted: of `posts` only what the lenses need.
CREATE TABLE IF NOT EXISTS author_posts
(
    actor_id UInt64,
    tid UInt64,
    sort_at DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
    version Int64 CODEC(T64, ZSTD(1)),
    deleted UInt8
)
ENGINE = ReplacingMergeTree(version, deleted)
ORDER BY (actor_id, tid)
SETTINGS index_granularity = 256, min_compress_block_size = 4096, max_compress_block_size = 16384;

CREATE MATERIALIZED VIEW IF NOT EXISTS posts_to_author_posts TO author_posts AS
SELECT actor_id, tid, sort_at, version, deleted FROM posts;

INSERT INTO author_posts SELECT actor_id, tid, sort_at, version, deleted FROM posts;

-- Who is mentioned where. Written once and never taken back: a mention stands while the version that made it is the newest of
-- its post, and that post is live.
CREATE TABLE IF NOT EXISTS mentions
(
    subject_id UInt64,
    tid UInt64,
    actor_id UInt64 CODEC(ZSTD(1)),
    version Int64 CODEC(T64, ZSTD(1))
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (subject_id, tid, actor_id)
SETTINGS index_granularity = 1024;

CREATE MATERIALIZED VIEW IF NOT EXISTS posts_to_mentions TO mentions AS
SELECT arrayJoin(arrayDistinct(mentions)) AS subject_id, tid, actor_id, version FROM posts WHERE deleted = 0;

INSERT INTO mentions SELECT arrayJoin(arrayDistinct(mentions)) AS subject_id, tid, actor_id, version FROM posts WHERE deleted = 0;

-- `blocks` the other way round: who blocks this account?
CREATE TABLE IF NOT EXISTS blocked_by
(
    subject_id UInt64,
    actor_id UInt64 CODEC(ZSTD(1)),
    tid UInt64 CODEC(ZSTD(1)),
    version Int64 CODEC(T64, ZSTD(1)),
    deleted UInt8
)
ENGINE = ReplacingMergeTree(version, deleted)
ORDER BY (subject_id, actor_id, tid)
SETTINGS index_granularity = 1024;

CREATE MATERIALIZED VIEW IF NOT EXISTS edges_to_blocked_by TO blocked_by AS
SELECT subject_id, actor_id, tid, version, deleted FROM edges WHERE kind = 6;

INSERT INTO blocked_by SELECT subject_id, actor_id, tid, version, deleted FROM edges WHERE kind = 6;

-- What the active accounts of each window measure: the scores are places among them. One row a window, written anew in the
-- background; `body` is JSON (pkg/analysis/reference).
CREATE TABLE IF NOT EXISTS lens_references
(
    time_window LowCardinality(String),
    computed_at DateTime64(3, 'UTC'),
    accounts UInt32,
    body String CODEC(ZSTD(3))
)
ENGINE = ReplacingMergeTree(computed_at)
ORDER BY time_window;
