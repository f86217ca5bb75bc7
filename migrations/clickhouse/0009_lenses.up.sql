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
SELECT subject_id, actor_id, tid, version, deleted
FROM edges
WHERE kind = 6;
