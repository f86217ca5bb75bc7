-- Accounts. Three facts arrive apart, repeated and in any order: that a DID exists, its handle, its status. Each is a
-- maximum over (version, value), so whatever arrives last or twice, the newest stays. Read it through FINAL or `accounts`.
CREATE TABLE IF NOT EXISTS actors
(
    actor_id UInt64,
    did SimpleAggregateFunction(max, String),
    handle SimpleAggregateFunction(max, Tuple(version UInt64, handle String)),
    account SimpleAggregateFunction(max, Tuple(version UInt64, active UInt8, status String)),
    first_seen_at SimpleAggregateFunction(min, DateTime64(6, 'UTC')),
    INDEX by_handle handle.handle TYPE bloom_filter GRANULARITY 4
)
ENGINE = AggregatingMergeTree
ORDER BY actor_id
SETTINGS index_granularity = 1024;

-- One plain row an account. `tupleElement` and never `handle.handle`: that reads the subcolumn alone, which FINAL does not
-- merge, and gives the value of any one row.
CREATE VIEW IF NOT EXISTS accounts AS
SELECT
    actor_id,
    did,
    tupleElement(actors.handle, 2) AS handle,
    tupleElement(actors.account, 2) AS active,
    tupleElement(actors.account, 3) AS status,
    first_seen_at
FROM actors FINAL;

-- Record keys that are no TIDs, by the hash that stands for them.
CREATE TABLE IF NOT EXISTS odd_keys
(
    key UInt64,
    collection LowCardinality(String),
    rkey String
)
ENGINE = ReplacingMergeTree
ORDER BY key;

CREATE TABLE IF NOT EXISTS profiles
(
    actor_id UInt64,
    version Int64,
    deleted UInt8,
    display_name String,
    description String CODEC(ZSTD(1)),
    labels Array(LowCardinality(String)),
    created_at Nullable(DateTime64(3, 'UTC')),
    seen_at DateTime64(6, 'UTC')
)
ENGINE = ReplacingMergeTree(version, deleted)
ORDER BY actor_id;
