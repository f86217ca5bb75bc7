-- What the lenses read, by the account they ask about: an account's rows lie together, so a lens reads a few small granules an
-- account, however many accounts and days there are.

-- `engagement` again, the author first instead of the day, and with the posts themselves: one look-up finds what an account
-- posted and what that got. A post is a row of kind `post` by its author, with its time in milliseconds for `tid`: one more column
-- would be opened in every granule (a post whose time was edited has several rows, of which the newest version holds).
-- A granule is read for a handful of rows, so granules are small, in fast codecs, and parts compact: the columns of a granule
-- lie together. Every part costs a look-up an account: what is half an hour old is merged into one part until that has a
-- gigabyte, so the last days lie in one or two big ones and the small ones of half an hour. The primary key stays in memory,
-- so it is short. A TID orders by time, so a bound on `subject_tid` is one on the time (keys that are no TID have the top bit
-- set and come last).
DROP TABLE IF EXISTS engagement_by_author SYNC;
CREATE TABLE engagement_by_author
(
    subject_day Date,
    subject_id UInt64,
    subject_tid UInt64,
    kind Enum8('post' = 0, 'like' = 1, 'repost' = 2, 'reply' = 3, 'quote' = 4),
    actor_id UInt64,
    tid UInt64,
    version Int64,
    deleted UInt8
)
ENGINE = ReplacingMergeTree(version, deleted)
PARTITION BY if(subject_day >= '2023-01-01' AND subject_day < '2041-01-01', toYear(subject_day), 0)
PRIMARY KEY (subject_id, subject_tid)
ORDER BY (subject_id, subject_tid, kind, actor_id, tid)
SETTINGS index_granularity = 128, min_bytes_for_wide_part = 1099511627776, min_rows_for_wide_part = 1099511627776,
    min_age_to_force_merge_seconds = 1800, max_bytes_to_merge_at_max_space_in_pool = 1000000000;
INSERT INTO engagement_by_author (subject_day, subject_id, subject_tid, kind, actor_id, tid, version, deleted)
SELECT subject_day, subject_id, subject_tid, CAST(toString(kind), 'Enum8(\'post\' = 0, \'like\' = 1, \'repost\' = 2, \'reply\' = 3, \'quote\' = 4)'),
    actor_id, tid, version, deleted
FROM engagement;
DROP TABLE IF EXISTS engagement_by_day SYNC;
RENAME TABLE engagement TO engagement_by_day, engagement_by_author TO engagement;
DROP TABLE engagement_by_day SYNC;

CREATE MATERIALIZED VIEW IF NOT EXISTS posts_to_engagement TO engagement AS
SELECT
    toDate(toUInt16(if(bitShiftRight(key, 63) = 1, 0, least(intDiv(bitShiftRight(key, 10), 86400000000), 65535)))) AS subject_day,
    author AS subject_id, key AS subject_tid, 'post' AS kind, author AS actor_id,
    toUInt64(greatest(0, toUnixTimestamp64Milli(sort_at))) AS tid, version, deleted
FROM (SELECT actor_id AS author, tid AS key, sort_at, version, deleted FROM posts);

INSERT INTO engagement (subject_day, subject_id, subject_tid, kind, actor_id, tid, version, deleted)
SELECT
    toDate(toUInt16(if(bitShiftRight(key, 63) = 1, 0, least(intDiv(bitShiftRight(key, 10), 86400000000), 65535)))) AS subject_day,
    author AS subject_id, key AS subject_tid, 'post' AS kind, author AS actor_id,
    toUInt64(greatest(0, toUnixTimestamp64Milli(sort_at))) AS tid, version, deleted
FROM (SELECT actor_id AS author, tid AS key, sort_at, version, deleted FROM posts);

-- Who is inactive, and who has been: on the network every account announces itself, so its state says little, and few ever leave.
-- Written by pkg/indexer/store/inactive.sql. `version` is that of the state, doubled, and one more where it is active (`deleted`).
CREATE TABLE IF NOT EXISTS inactive_states
(
    actor_id UInt64,
    version UInt64,
    status LowCardinality(String),
    deleted UInt8
)
ENGINE = ReplacingMergeTree(version, deleted)
ORDER BY actor_id
SETTINGS index_granularity = 2048;

INSERT INTO inactive_states
SELECT actor_id, 2 * tupleElement(newest, 1), tupleElement(newest, 3), 0
FROM (SELECT actor_id, max(account) AS newest FROM actors GROUP BY actor_id)
WHERE tupleElement(newest, 1) > 0 AND tupleElement(newest, 2) = 0;

CREATE OR REPLACE VIEW inactive_accounts AS
SELECT actor_id, argMax(status, version) AS status
FROM inactive_states
GROUP BY actor_id
HAVING argMax(deleted, version) = 0;
DROP VIEW IF EXISTS actors_to_account_states;
DROP TABLE IF EXISTS account_states SYNC;

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

-- Every block under both of its accounts: between which others and this account is there one? As few columns as say it, for each
-- is opened for every account of an audience: `block` is the record's key, or its complement where it is the other who blocks;
-- `state` is the version doubled, and one more where it was taken back.
CREATE TABLE IF NOT EXISTS blocked_pairs
(
    account_id UInt64,
    other_id UInt64,
    block UInt64,
    state SimpleAggregateFunction(max, Int64)
)
ENGINE = AggregatingMergeTree
PRIMARY KEY account_id
ORDER BY (account_id, other_id, block)
SETTINGS index_granularity = 128, min_bytes_for_wide_part = 1099511627776, min_rows_for_wide_part = 1099511627776;

CREATE MATERIALIZED VIEW IF NOT EXISTS edges_to_blocked_pairs TO blocked_pairs AS
SELECT
    tupleElement(arrayJoin([(actor_id, subject_id, tid), (subject_id, actor_id, bitNot(tid))]) AS side, 1) AS account_id,
    tupleElement(side, 2) AS other_id, tupleElement(side, 3) AS block, 2 * version + deleted AS state
FROM edges WHERE kind = 6;

INSERT INTO blocked_pairs (account_id, other_id, block, state)
SELECT
    tupleElement(arrayJoin([(actor_id, subject_id, tid), (subject_id, actor_id, bitNot(tid))]) AS side, 1),
    tupleElement(side, 2), tupleElement(side, 3), 2 * version + deleted
FROM edges WHERE kind = 6;

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
