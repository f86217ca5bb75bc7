CREATE TABLE IF NOT EXISTS lists
(
    actor_id UInt64,
    key UInt64,
    version Int64,
    deleted UInt8,
    name String,
    purpose LowCardinality(String),
    description String,
    created_at Nullable(DateTime64(3, 'UTC')),
    seen_at DateTime64(6, 'UTC')
)
ENGINE = ReplacingMergeTree(version, deleted)
ORDER BY (actor_id, key);

CREATE TABLE IF NOT EXISTS list_items
(
    actor_id UInt64,
    key UInt64,
    version Int64,
    deleted UInt8,
    list_actor_id UInt64,
    list_key UInt64,
    subject_id UInt64,
    seen_at DateTime64(6, 'UTC'),
    INDEX by_list list_key TYPE bloom_filter GRANULARITY 2
)
ENGINE = ReplacingMergeTree(version, deleted)
ORDER BY (actor_id, key);

CREATE TABLE IF NOT EXISTS feed_generators
(
    actor_id UInt64,
    key UInt64,
    version Int64,
    deleted UInt8,
    service_did String,
    display_name String,
    description String,
    created_at Nullable(DateTime64(3, 'UTC')),
    seen_at DateTime64(6, 'UTC')
)
ENGINE = ReplacingMergeTree(version, deleted)
ORDER BY (actor_id, key);
