-- What makes this installation itself. The salt goes into every id (pkg/clickhouse/keys.ts): change it and nothing matches any more.
CREATE TABLE IF NOT EXISTS installation
(
    name String,
    value String,
    created_at DateTime64(6) DEFAULT now64(6)
)
ENGINE = MergeTree
ORDER BY (name, created_at);
