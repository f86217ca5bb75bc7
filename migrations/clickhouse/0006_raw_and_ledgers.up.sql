-- Every wanted record as it came. Kept for as long as the operator says (`--raw-retention`), dropped a week at a time: by
-- when it was stored, not by the event's own time, or a replay of old files would be thrown away on arrival. Sorted by time,
-- as it arrives: an insert then sorts nothing, and a repeated event still meets its first copy.
CREATE TABLE IF NOT EXISTS repo_records
(
    collection LowCardinality(String),
    actor_id UInt64,
    rkey String CODEC(ZSTD(1)),
    rev String CODEC(ZSTD(1)),
    operation Enum8('create' = 1, 'update' = 2, 'delete' = 3),
    cid String CODEC(ZSTD(1)),
    record String CODEC(ZSTD(1)),
    seen_at DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
    stored_at DateTime('UTC') DEFAULT now() CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toMonday(stored_at)
ORDER BY (collection, seen_at, actor_id, rkey, rev)
TTL stored_at + INTERVAL 30 DAY
SETTINGS ttl_only_drop_parts = 1;

-- One row a batch, written when everything in the batch is durable: the second copy of the cursor, and what rates,
-- estimates and "since when is there data" are read from.
CREATE TABLE IF NOT EXISTS ingest_log
(
    flushed_at DateTime64(3, 'UTC'),
    source LowCardinality(String),
    resumable UInt8,
    first_time_us Int64,
    last_time_us Int64,
    cursor_us Int64,
    events UInt64,
    operations Map(LowCardinality(String), UInt64),
    dropped Map(LowCardinality(String), UInt64)
)
ENGINE = MergeTree
ORDER BY flushed_at
TTL toDateTime(flushed_at) + INTERVAL 90 DAY;

-- Intervals of the network's time that could not be read.
CREATE TABLE IF NOT EXISTS gaps
(
    from_us Int64,
    to_us Int64,
    reason Enum8('look_back' = 1, 'missing' = 2, 'cursor_unreadable' = 3),
    source String,
    estimated_events UInt64,
    detected_at DateTime64(3, 'UTC'),
    repaired_at Nullable(DateTime64(3, 'UTC')),
    updated_at DateTime64(6, 'UTC') DEFAULT now64(6)
)
ENGINE = ReplacingMergeTree(updated_at)
ORDER BY from_us;

-- What could not be stored: frames that broke the parser, rows that the store refused.
CREATE TABLE IF NOT EXISTS dead_letters
(
    at DateTime64(3, 'UTC') DEFAULT now64(3),
    stage Enum8('parse' = 1, 'insert' = 2),
    table_name LowCardinality(String),
    error String,
    payload String CODEC(ZSTD(3))
)
ENGINE = MergeTree
ORDER BY at
TTL toDateTime(at) + INTERVAL 90 DAY;
