-- What each record points at: the one table that knows. A record may have pointed at several subjects over its versions
-- (an edited post, a like put again elsewhere), so the subject is part of the sort key and no merge ever forgets one:
-- only that makes it possible to take every stale one back, in whatever order create, update and delete arrive.
-- A row is live when no version of its record is newer than it (pkg/indexer/store/resolve.sql writes the tombstones).
-- `hour` (of the record key, hours since 1970) comes first because a delete mostly names a recent record: look-ups then touch
-- the last hours only, however large the table. Hours outside 2023 to 2040 share one partition, as in `posts`.
CREATE TABLE IF NOT EXISTS edges
(
    tid UInt64 CODEC(Delta, ZSTD(1)),
    hour UInt32 DEFAULT if(bitShiftRight(tid, 63) = 1, 0, intDiv(bitShiftRight(tid, 10), 3600000000)),
    actor_id UInt64 CODEC(ZSTD(1)),
    kind Enum8('like' = 1, 'repost' = 2, 'reply' = 3, 'quote' = 4, 'follow' = 5, 'block' = 6),
    subject_id UInt64 CODEC(ZSTD(1)),
    subject_tid UInt64 CODEC(ZSTD(1)),
    version Int64 CODEC(T64, ZSTD(1)),
    deleted UInt8
)
ENGINE = ReplacingMergeTree(version, deleted)
PARTITION BY if(hour >= 464592 AND hour < 622392, toYear(toDateTime(hour * 3600, 'UTC')), 0)
ORDER BY (hour, actor_id, tid, kind, subject_id, subject_tid)
SETTINGS index_granularity = 1024;

-- Every update and delete of a record with edges: with `edges`, the whole history that decides what is live.
CREATE TABLE IF NOT EXISTS record_revisions
(
    tid UInt64 CODEC(Delta, ZSTD(1)),
    hour UInt32 DEFAULT if(bitShiftRight(tid, 63) = 1, 0, intDiv(bitShiftRight(tid, 10), 3600000000)),
    actor_id UInt64 CODEC(ZSTD(1)),
    collection Enum8('post' = 1, 'like' = 2, 'repost' = 3, 'follow' = 4, 'block' = 5),
    version Int64 CODEC(T64, ZSTD(1)),
    deleted UInt8
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY if(hour >= 464592 AND hour < 622392, toYear(toDateTime(hour * 3600, 'UTC')), 0)
ORDER BY (hour, actor_id, tid, collection)
SETTINGS index_granularity = 1024;

-- The same edges by subject: who engaged with this post? The subject's day first, so that a lens over two days reads two
-- days (measured at 100 million rows: 56 ms, against 5.9 s by subject alone).
CREATE TABLE IF NOT EXISTS engagement
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
ORDER BY (subject_day, subject_id, subject_tid, kind, actor_id, tid);

CREATE MATERIALIZED VIEW IF NOT EXISTS edges_to_engagement TO engagement AS
SELECT
    toDate(toUInt16(if(bitShiftRight(subject_tid, 63) = 1, 0, least(intDiv(bitShiftRight(subject_tid, 10), 86400000000), 65535)))) AS subject_day,
    subject_id, subject_tid, kind, actor_id, tid, version, deleted
FROM edges
WHERE kind <= 4;

CREATE TABLE IF NOT EXISTS follows
(
    actor_id UInt64,
    subject_id UInt64 CODEC(ZSTD(1)),
    tid UInt64 CODEC(ZSTD(1)),
    version Int64 CODEC(T64, ZSTD(1)),
    deleted UInt8
)
ENGINE = ReplacingMergeTree(version, deleted)
ORDER BY (actor_id, subject_id, tid)
SETTINGS index_granularity = 2048;

CREATE MATERIALIZED VIEW IF NOT EXISTS edges_to_follows TO follows AS
SELECT actor_id, subject_id, tid, version, deleted
FROM edges
WHERE kind = 5;

CREATE TABLE IF NOT EXISTS followers
(
    subject_id UInt64,
    actor_id UInt64 CODEC(ZSTD(1)),
    tid UInt64 CODEC(ZSTD(1)),
    version Int64 CODEC(T64, ZSTD(1)),
    deleted UInt8
)
ENGINE = ReplacingMergeTree(version, deleted)
ORDER BY (subject_id, actor_id, tid)
SETTINGS index_granularity = 2048;

CREATE MATERIALIZED VIEW IF NOT EXISTS edges_to_followers TO followers AS
SELECT subject_id, actor_id, tid, version, deleted
FROM edges
WHERE kind = 5;

CREATE TABLE IF NOT EXISTS blocks
(
    actor_id UInt64,
    subject_id UInt64 CODEC(ZSTD(1)),
    tid UInt64 CODEC(ZSTD(1)),
    version Int64 CODEC(T64, ZSTD(1)),
    deleted UInt8,
    INDEX by_subject subject_id TYPE bloom_filter GRANULARITY 4
)
ENGINE = ReplacingMergeTree(version, deleted)
ORDER BY (actor_id, subject_id, tid);

CREATE MATERIALIZED VIEW IF NOT EXISTS edges_to_blocks TO blocks AS
SELECT actor_id, subject_id, tid, version, deleted
FROM edges
WHERE kind = 6;
