-- Posts, by the day of their record key, author and key: an author's days lie together, a delete names the whole sort key.
-- `day` is a function of `tid` alone (non-TID keys: 1970-01-01), so a replayed or deleted row always lands beside its first
-- version. Years outside 2023 to 2040 share one partition: TIDs are written by clients, and a hostile batch of made-up
-- years must not open a partition for each.
CREATE TABLE IF NOT EXISTS posts
(
    tid UInt64 CODEC(Delta, ZSTD(1)),
    day Date DEFAULT toDate(toUInt16(if(bitShiftRight(tid, 63) = 1, 0, least(intDiv(bitShiftRight(tid, 10), 86400000000), 65535)))),
    actor_id UInt64,
    version Int64 CODEC(T64, ZSTD(1)),
    deleted UInt8,
    created_at Nullable(DateTime64(3, 'UTC')) CODEC(ZSTD(1)),
    -- Age for ranking: the earliest of createdAt, the record key's time and the time first seen. None of them alone can be
    -- trusted, but nobody gains by looking older.
    sort_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    seen_at DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
    text String CODEC(ZSTD(1)),
    langs Array(LowCardinality(String)),
    reply_parent_id UInt64 CODEC(ZSTD(1)),
    reply_parent_tid UInt64 CODEC(ZSTD(1)),
    reply_root_id UInt64 CODEC(ZSTD(1)),
    reply_root_tid UInt64 CODEC(ZSTD(1)),
    quote_id UInt64 CODEC(ZSTD(1)),
    quote_tid UInt64 CODEC(ZSTD(1)),
    mentions Array(UInt64) CODEC(ZSTD(1)),
    tags Array(String) CODEC(ZSTD(1)),
    links Array(String) CODEC(ZSTD(1)),
    embed_kind LowCardinality(String),
    alt_texts Array(String) CODEC(ZSTD(1)),
    labels Array(LowCardinality(String)),
    INDEX by_tag tags TYPE bloom_filter(0.01) GRANULARITY 4
)
ENGINE = ReplacingMergeTree(version, deleted)
PARTITION BY if(day >= '2023-01-01' AND day < '2041-01-01', toYear(day), 0)
ORDER BY (day, actor_id, tid);
