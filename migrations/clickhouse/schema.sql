-- Made by `skyflow migrate dump-schema --store clickhouse` from the migrations beside it. Do not edit.

CREATE VIEW accounts
(
    `actor_id` UInt64,
    `did` SimpleAggregateFunction(max, String),
    `handle` String,
    `active` UInt8,
    `status` String,
    `first_seen_at` SimpleAggregateFunction(min, DateTime64(6, 'UTC'))
)
AS SELECT
    actor_id,
    did,
    tupleElement(actors.handle, 2) AS handle,
    tupleElement(actors.account, 2) AS active,
    tupleElement(actors.account, 3) AS status,
    first_seen_at
FROM actors
FINAL;

CREATE TABLE actors
(
    `actor_id` UInt64,
    `did` SimpleAggregateFunction(max, String),
    `handle` SimpleAggregateFunction(max, Tuple(
        version UInt64,
        handle String)),
    `account` SimpleAggregateFunction(max, Tuple(
        version UInt64,
        active UInt8,
        status String)),
    `first_seen_at` SimpleAggregateFunction(min, DateTime64(6, 'UTC')),
    INDEX by_handle handle.handle TYPE bloom_filter GRANULARITY 4
)
ENGINE = AggregatingMergeTree
ORDER BY actor_id
SETTINGS index_granularity = 1024;

CREATE TABLE author_posts
(
    `actor_id` UInt64,
    `tid` UInt64,
    `day` Date,
    `at_ms` Int64,
    `version` Int64,
    `deleted` UInt8,
    `reply_parent_id` UInt64,
    `reply_parent_tid` UInt64,
    `reply_root_id` UInt64,
    `quote_id` UInt64,
    `embed_kind` LowCardinality(String),
    `langs` Array(LowCardinality(String)),
    `tags` Array(String),
    `labels` Array(LowCardinality(String))
)
ENGINE = ReplacingMergeTree(version, deleted)
PARTITION BY if((day >= '2023-01-01') AND (day < '2041-01-01'), toYear(day), 0)
ORDER BY (actor_id, tid)
SETTINGS index_granularity = 128, min_bytes_for_wide_part = 1099511627776, min_rows_for_wide_part = 1099511627776, min_age_to_force_merge_seconds = 1800, max_bytes_to_merge_at_max_space_in_pool = 1000000000;

CREATE TABLE blocked_pairs
(
    `account_id` UInt64,
    `other_id` UInt64,
    `block` UInt64,
    `state` SimpleAggregateFunction(max, Int64)
)
ENGINE = AggregatingMergeTree
PRIMARY KEY account_id
ORDER BY (account_id, other_id, block)
SETTINGS index_granularity = 128, min_bytes_for_wide_part = 1099511627776, min_rows_for_wide_part = 1099511627776;

CREATE TABLE blocks
(
    `actor_id` UInt64,
    `subject_id` UInt64 CODEC(ZSTD(1)),
    `tid` UInt64 CODEC(ZSTD(1)),
    `version` Int64 CODEC(T64, ZSTD(1)),
    `deleted` UInt8,
    INDEX by_subject subject_id TYPE bloom_filter GRANULARITY 4
)
ENGINE = ReplacingMergeTree(version, deleted)
ORDER BY (actor_id, subject_id, tid)
SETTINGS index_granularity = 8192;

CREATE TABLE daily_stats
(
    `day` Date,
    `metric` Enum8('posts' = 1, 'replies' = 2, 'quotes' = 3, 'likes' = 4, 'reposts' = 5, 'follows' = 6, 'blocks' = 7, 'active_accounts' = 8),
    `value` UInt64,
    `computed_at` DateTime64(6, 'UTC')
)
ENGINE = ReplacingMergeTree(computed_at)
ORDER BY (day, metric)
SETTINGS index_granularity = 8192;

CREATE VIEW daily_stats_actors
(
    `day` Date,
    `active_accounts` UInt64
)
AS SELECT
    day,
    sum(value) AS active_accounts
FROM daily_stats
FINAL
WHERE metric = 'active_accounts'
GROUP BY day
HAVING active_accounts > 0
ORDER BY day ASC;

CREATE VIEW daily_stats_engagement
(
    `day` Date,
    `likes` UInt64,
    `reposts` UInt64,
    `replies` UInt64,
    `quotes` UInt64
)
AS SELECT
    day,
    sumIf(value, metric = 'likes') AS likes,
    sumIf(value, metric = 'reposts') AS reposts,
    sumIf(value, metric = 'replies') AS replies,
    sumIf(value, metric = 'quotes') AS quotes
FROM daily_stats
FINAL
GROUP BY day
HAVING (((likes + reposts) + replies) + quotes) > 0
ORDER BY day ASC;

CREATE VIEW daily_stats_follows
(
    `day` Date,
    `follows` UInt64,
    `blocks` UInt64
)
AS SELECT
    day,
    sumIf(value, metric = 'follows') AS follows,
    sumIf(value, metric = 'blocks') AS blocks
FROM daily_stats
FINAL
GROUP BY day
HAVING (follows + blocks) > 0
ORDER BY day ASC;

CREATE VIEW daily_stats_posts
(
    `day` Date,
    `posts` UInt64,
    `replies` UInt64,
    `quotes` UInt64
)
AS SELECT
    day,
    sumIf(value, metric = 'posts') AS posts,
    sumIf(value, metric = 'replies') AS replies,
    sumIf(value, metric = 'quotes') AS quotes
FROM daily_stats
FINAL
GROUP BY day
HAVING posts > 0
ORDER BY day ASC;

CREATE TABLE dead_letters
(
    `at` DateTime64(3, 'UTC') DEFAULT now64(3),
    `stage` Enum8('parse' = 1, 'insert' = 2),
    `table_name` LowCardinality(String),
    `error` String,
    `payload` String CODEC(ZSTD(3))
)
ENGINE = MergeTree
ORDER BY at
TTL toDateTime(at) + toIntervalDay(90)
SETTINGS index_granularity = 8192;

CREATE TABLE edges
(
    `tid` UInt64 CODEC(Delta(8), ZSTD(1)),
    `hour` UInt32 DEFAULT if(bitShiftRight(tid, 63) = 1, 0, intDiv(bitShiftRight(tid, 10), 3600000000)),
    `actor_id` UInt64 CODEC(ZSTD(1)),
    `kind` Enum8('like' = 1, 'repost' = 2, 'reply' = 3, 'quote' = 4, 'follow' = 5, 'block' = 6),
    `subject_id` UInt64 CODEC(ZSTD(1)),
    `subject_tid` UInt64 CODEC(ZSTD(1)),
    `version` Int64 CODEC(T64, ZSTD(1)),
    `deleted` UInt8
)
ENGINE = ReplacingMergeTree(version, deleted)
PARTITION BY if((hour >= 464592) AND (hour < 622392), toYear(toDateTime(hour * 3600, 'UTC')), 0)
ORDER BY (hour, actor_id, tid, kind, subject_id, subject_tid)
SETTINGS index_granularity = 1024;

CREATE MATERIALIZED VIEW edges_to_blocked_pairs TO blocked_pairs
(
    `account_id` UInt64,
    `other_id` UInt64,
    `block` UInt64,
    `state` Int64
)
AS SELECT
    tupleElement(arrayJoin([(actor_id, subject_id, tid), (subject_id, actor_id, bitNot(tid))]) AS side, 1) AS account_id,
    tupleElement(side, 2) AS other_id,
    tupleElement(side, 3) AS block,
    (2 * version) + deleted AS state
FROM edges
WHERE kind = 6;

CREATE MATERIALIZED VIEW edges_to_blocks TO blocks
(
    `actor_id` UInt64,
    `subject_id` UInt64,
    `tid` UInt64,
    `version` Int64,
    `deleted` UInt8
)
AS SELECT
    actor_id,
    subject_id,
    tid,
    version,
    deleted
FROM edges
WHERE kind = 6;

CREATE MATERIALIZED VIEW edges_to_engagement TO engagement
(
    `subject_day` Date,
    `subject_id` UInt64,
    `subject_tid` UInt64,
    `kind` Enum8('like' = 1, 'repost' = 2, 'reply' = 3, 'quote' = 4, 'follow' = 5, 'block' = 6),
    `actor_id` UInt64,
    `tid` UInt64,
    `version` Int64,
    `deleted` UInt8
)
AS SELECT
    toDate(toUInt16(if(bitShiftRight(subject_tid, 63) = 1, 0, least(intDiv(bitShiftRight(subject_tid, 10), 86400000000), 65535)))) AS subject_day,
    subject_id,
    subject_tid,
    kind,
    actor_id,
    tid,
    version,
    deleted
FROM edges
WHERE kind <= 4;

CREATE MATERIALIZED VIEW edges_to_followers TO followers
(
    `subject_id` UInt64,
    `actor_id` UInt64,
    `tid` UInt64,
    `version` Int64,
    `deleted` UInt8
)
AS SELECT
    subject_id,
    actor_id,
    tid,
    version,
    deleted
FROM edges
WHERE kind = 5;

CREATE MATERIALIZED VIEW edges_to_follows TO follows
(
    `actor_id` UInt64,
    `subject_id` UInt64,
    `tid` UInt64,
    `version` Int64,
    `deleted` UInt8
)
AS SELECT
    actor_id,
    subject_id,
    tid,
    version,
    deleted
FROM edges
WHERE kind = 5;

CREATE TABLE engagement
(
    `subject_day` Date,
    `subject_id` UInt64,
    `subject_tid` UInt64,
    `kind` Enum8('post' = 0, 'like' = 1, 'repost' = 2, 'reply' = 3, 'quote' = 4),
    `actor_id` UInt64,
    `tid` UInt64,
    `version` Int64,
    `deleted` UInt8
)
ENGINE = ReplacingMergeTree(version, deleted)
PARTITION BY if((subject_day >= '2023-01-01') AND (subject_day < '2041-01-01'), toYear(subject_day), 0)
PRIMARY KEY (subject_id, subject_tid)
ORDER BY (subject_id, subject_tid, kind, actor_id, tid)
SETTINGS index_granularity = 128, min_bytes_for_wide_part = 1099511627776, min_rows_for_wide_part = 1099511627776, min_age_to_force_merge_seconds = 1800, max_bytes_to_merge_at_max_space_in_pool = 1000000000;

CREATE TABLE feed_generators
(
    `actor_id` UInt64,
    `key` UInt64,
    `version` Int64,
    `deleted` UInt8,
    `service_did` String,
    `display_name` String,
    `description` String,
    `created_at` Nullable(DateTime64(3, 'UTC')),
    `seen_at` DateTime64(6, 'UTC')
)
ENGINE = ReplacingMergeTree(version, deleted)
ORDER BY (actor_id, key)
SETTINGS index_granularity = 8192;

CREATE TABLE feed_interactions
(
    `at` DateTime64(3, 'UTC'),
    `viewer_id` UInt64,
    `feed` LowCardinality(String),
    `event` LowCardinality(String),
    `actor_id` UInt64,
    `tid` UInt64,
    `uri` String CODEC(ZSTD(1)),
    `context` String CODEC(ZSTD(1)),
    `req_id` String CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
ORDER BY (viewer_id, at, feed, event, actor_id, tid)
TTL toDateTime(at) + toIntervalDay(90)
SETTINGS index_granularity = 1024;

CREATE TABLE feed_visits
(
    `day` Date,
    `feed` LowCardinality(String),
    `visitor` UInt64,
    `requests` SimpleAggregateFunction(sum, UInt64),
    `first_pages` SimpleAggregateFunction(sum, UInt64),
    `depth` SimpleAggregateFunction(max, UInt32)
)
ENGINE = AggregatingMergeTree
ORDER BY (day, feed, visitor)
TTL day + toIntervalDay(90)
SETTINGS index_granularity = 8192;

CREATE TABLE followers
(
    `subject_id` UInt64,
    `actor_id` UInt64 CODEC(ZSTD(1)),
    `tid` UInt64 CODEC(ZSTD(1)),
    `version` Int64 CODEC(T64, ZSTD(1)),
    `deleted` UInt8
)
ENGINE = ReplacingMergeTree(version, deleted)
ORDER BY (subject_id, actor_id, tid)
SETTINGS index_granularity = 2048;

CREATE VIEW following_counts
(
    `actor_id` UInt64,
    `did` SimpleAggregateFunction(max, String),
    `handle` String,
    `following` UInt64,
    `followers` UInt64
)
AS SELECT
    actor_id,
    max(known_did) AS did,
    max(known_handle) AS handle,
    sum(following_here) AS following,
    sum(followers_here) AS followers
FROM
(
    SELECT
        actor_id,
        did AS known_did,
        handle AS known_handle,
        0 AS following_here,
        0 AS followers_here
    FROM accounts
    UNION ALL
    SELECT
        actor_id,
        '' AS known_did,
        '' AS known_handle,
        uniqExact(subject_id) AS following_here,
        0 AS followers_here
    FROM follows
    FINAL
    WHERE subject_id NOT IN (
        SELECT actor_id
        FROM inactive_accounts
    )
    GROUP BY actor_id
    UNION ALL
    SELECT
        subject_id AS actor_id,
        '' AS known_did,
        '' AS known_handle,
        0 AS following_here,
        uniqExact(followers.actor_id) AS followers_here
    FROM followers
    FINAL
    WHERE followers.actor_id NOT IN (
        SELECT actor_id
        FROM inactive_accounts
    )
    GROUP BY subject_id
)
WHERE actor_id NOT IN (
    SELECT actor_id
    FROM inactive_accounts
)
GROUP BY actor_id;

CREATE TABLE follows
(
    `actor_id` UInt64,
    `subject_id` UInt64 CODEC(ZSTD(1)),
    `tid` UInt64 CODEC(ZSTD(1)),
    `version` Int64 CODEC(T64, ZSTD(1)),
    `deleted` UInt8
)
ENGINE = ReplacingMergeTree(version, deleted)
ORDER BY (actor_id, subject_id, tid)
SETTINGS index_granularity = 2048;

CREATE TABLE gaps
(
    `from_us` Int64,
    `to_us` Int64,
    `reason` Enum8('look_back' = 1, 'missing' = 2, 'cursor_unreadable' = 3),
    `source` String,
    `estimated_events` UInt64,
    `detected_at` DateTime64(3, 'UTC'),
    `repaired_at` Nullable(DateTime64(3, 'UTC')),
    `updated_at` DateTime64(6, 'UTC') DEFAULT now64(6)
)
ENGINE = ReplacingMergeTree(updated_at)
ORDER BY from_us
SETTINGS index_granularity = 8192;

CREATE TABLE gone
(
    `at` DateTime64(3, 'UTC'),
    `actor_id` UInt64,
    `tid` UInt64,
    `version` UInt64,
    `gone` UInt8
)
ENGINE = MergeTree
ORDER BY at
TTL toDateTime(at) + toIntervalDay(3)
SETTINGS index_granularity = 1024;

CREATE VIEW inactive_accounts
(
    `actor_id` UInt64,
    `status` String
)
AS SELECT
    actor_id,
    argMax(status, version) AS status
FROM inactive_states
GROUP BY actor_id
HAVING argMax(deleted, version) = 0;

CREATE TABLE inactive_states
(
    `actor_id` UInt64,
    `version` UInt64,
    `status` LowCardinality(String),
    `deleted` UInt8
)
ENGINE = ReplacingMergeTree(version, deleted)
ORDER BY actor_id
SETTINGS index_granularity = 2048;

CREATE MATERIALIZED VIEW inactive_states_to_gone TO gone
(
    `at` DateTime64(3, 'UTC'),
    `actor_id` UInt64,
    `tid` UInt8,
    `version` UInt64,
    `gone` UInt8
)
AS SELECT
    now64(3, 'UTC') AS at,
    actor_id,
    0 AS tid,
    version,
    toUInt8(1 - deleted) AS gone
FROM inactive_states;

CREATE TABLE ingest_log
(
    `flushed_at` DateTime64(3, 'UTC'),
    `source` LowCardinality(String),
    `resumable` UInt8,
    `first_time_us` Int64,
    `last_time_us` Int64,
    `cursor_us` Int64,
    `events` UInt64,
    `operations` Map(LowCardinality(String), UInt64),
    `dropped` Map(LowCardinality(String), UInt64)
)
ENGINE = MergeTree
ORDER BY flushed_at
TTL toDateTime(flushed_at) + toIntervalDay(90)
SETTINGS index_granularity = 8192;

CREATE TABLE installation
(
    `name` String,
    `value` String,
    `created_at` DateTime64(6) DEFAULT now64(6)
)
ENGINE = MergeTree
ORDER BY (name, created_at)
SETTINGS index_granularity = 8192;

CREATE TABLE lens_references
(
    `time_window` LowCardinality(String),
    `computed_at` DateTime64(3, 'UTC'),
    `accounts` UInt32,
    `body` String CODEC(ZSTD(3))
)
ENGINE = ReplacingMergeTree(computed_at)
ORDER BY time_window
SETTINGS index_granularity = 8192;

CREATE TABLE list_items
(
    `actor_id` UInt64,
    `key` UInt64,
    `version` Int64,
    `deleted` UInt8,
    `list_actor_id` UInt64,
    `list_key` UInt64,
    `subject_id` UInt64,
    `seen_at` DateTime64(6, 'UTC'),
    INDEX by_list list_key TYPE bloom_filter GRANULARITY 2
)
ENGINE = ReplacingMergeTree(version, deleted)
ORDER BY (actor_id, key)
SETTINGS index_granularity = 8192;

CREATE TABLE lists
(
    `actor_id` UInt64,
    `key` UInt64,
    `version` Int64,
    `deleted` UInt8,
    `name` String,
    `purpose` LowCardinality(String),
    `description` String,
    `created_at` Nullable(DateTime64(3, 'UTC')),
    `seen_at` DateTime64(6, 'UTC')
)
ENGINE = ReplacingMergeTree(version, deleted)
ORDER BY (actor_id, key)
SETTINGS index_granularity = 8192;

CREATE TABLE mentions
(
    `subject_id` UInt64,
    `tid` UInt64,
    `actor_id` UInt64 CODEC(ZSTD(1)),
    `version` Int64 CODEC(T64, ZSTD(1))
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (subject_id, tid, actor_id)
SETTINGS index_granularity = 1024;

CREATE TABLE odd_keys
(
    `key` UInt64,
    `collection` LowCardinality(String),
    `rkey` String
)
ENGINE = ReplacingMergeTree
ORDER BY key
SETTINGS index_granularity = 8192;

CREATE TABLE posts
(
    `tid` UInt64 CODEC(Delta(8), ZSTD(1)),
    `day` Date DEFAULT toDate(toUInt16(if(bitShiftRight(tid, 63) = 1, 0, least(intDiv(bitShiftRight(tid, 10), 86400000000), 65535)))),
    `actor_id` UInt64,
    `version` Int64 CODEC(T64, ZSTD(1)),
    `deleted` UInt8,
    `created_at` Nullable(DateTime64(3, 'UTC')) CODEC(ZSTD(1)),
    `sort_at` DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
    `seen_at` DateTime64(6, 'UTC') CODEC(Delta(8), ZSTD(1)),
    `text` String CODEC(ZSTD(1)),
    `langs` Array(LowCardinality(String)),
    `reply_parent_id` UInt64 CODEC(ZSTD(1)),
    `reply_parent_tid` UInt64 CODEC(ZSTD(1)),
    `reply_root_id` UInt64 CODEC(ZSTD(1)),
    `reply_root_tid` UInt64 CODEC(ZSTD(1)),
    `quote_id` UInt64 CODEC(ZSTD(1)),
    `quote_tid` UInt64 CODEC(ZSTD(1)),
    `mentions` Array(UInt64) CODEC(ZSTD(1)),
    `tags` Array(String) CODEC(ZSTD(1)),
    `links` Array(String) CODEC(ZSTD(1)),
    `embed_kind` LowCardinality(String),
    `alt_texts` Array(String) CODEC(ZSTD(1)),
    `labels` Array(LowCardinality(String)),
    INDEX by_tag tags TYPE bloom_filter(0.01) GRANULARITY 4
)
ENGINE = ReplacingMergeTree(version, deleted)
PARTITION BY if((day >= '2023-01-01') AND (day < '2041-01-01'), toYear(day), 0)
ORDER BY (day, actor_id, tid)
SETTINGS index_granularity = 8192;

CREATE MATERIALIZED VIEW posts_to_author_posts TO author_posts
(
    `actor_id` UInt64,
    `tid` UInt64,
    `day` Date,
    `at_ms` Int64,
    `version` Int64,
    `deleted` UInt8,
    `reply_parent_id` UInt64,
    `reply_parent_tid` UInt64,
    `reply_root_id` UInt64,
    `quote_id` UInt64,
    `embed_kind` LowCardinality(String),
    `langs` Array(String),
    `tags` Array(String),
    `labels` Array(LowCardinality(String))
)
AS SELECT
    actor_id,
    tid,
    day,
    toUnixTimestamp64Milli(sort_at) AS at_ms,
    version,
    deleted,
    reply_parent_id,
    reply_parent_tid,
    reply_root_id,
    quote_id,
    embed_kind,
    arrayDistinct(arrayMap(lang -> lower(splitByChar('-', lang)[1]), langs)) AS langs,
    arrayDistinct(arrayMap(tag -> lowerUTF8(tag), tags)) AS tags,
    labels
FROM posts;

CREATE MATERIALIZED VIEW posts_to_engagement TO engagement
(
    `subject_day` Date,
    `subject_id` UInt64,
    `subject_tid` UInt64,
    `kind` String,
    `actor_id` UInt64,
    `tid` UInt64,
    `version` Int64,
    `deleted` UInt8
)
AS SELECT
    toDate(toUInt16(if(bitShiftRight(key, 63) = 1, 0, least(intDiv(bitShiftRight(key, 10), 86400000000), 65535)))) AS subject_day,
    author AS subject_id,
    key AS subject_tid,
    'post' AS kind,
    author AS actor_id,
    toUInt64(greatest(0, toUnixTimestamp64Milli(sort_at))) AS tid,
    version,
    deleted
FROM
(
    SELECT
        actor_id AS author,
        tid AS key,
        sort_at,
        version,
        deleted
    FROM posts
);

CREATE MATERIALIZED VIEW posts_to_gone TO gone
(
    `at` DateTime64(3, 'UTC'),
    `actor_id` UInt64,
    `tid` UInt64,
    `version` UInt64,
    `gone` UInt8
)
AS SELECT
    now64(3, 'UTC') AS at,
    actor_id,
    tid,
    toUInt64(greatest(0, version)) AS version,
    1 AS gone
FROM posts
WHERE deleted = 1;

CREATE MATERIALIZED VIEW posts_to_mentions TO mentions
(
    `subject_id` UInt64,
    `tid` UInt64,
    `actor_id` UInt64,
    `version` Int64
)
AS SELECT
    arrayJoin(arrayDistinct(mentions)) AS subject_id,
    tid,
    actor_id,
    version
FROM posts
WHERE deleted = 0;

CREATE TABLE profiles
(
    `actor_id` UInt64,
    `version` Int64,
    `deleted` UInt8,
    `display_name` String,
    `description` String CODEC(ZSTD(1)),
    `labels` Array(LowCardinality(String)),
    `created_at` Nullable(DateTime64(3, 'UTC')),
    `seen_at` DateTime64(6, 'UTC')
)
ENGINE = ReplacingMergeTree(version, deleted)
ORDER BY actor_id
SETTINGS index_granularity = 8192;

CREATE VIEW recent_posts
(
    `actor_id` UInt64,
    `tid` UInt64,
    `did` SimpleAggregateFunction(max, String),
    `handle` String,
    `uri` String,
    `text` String,
    `langs` Array(LowCardinality(String)),
    `reply_parent_uri` String,
    `reply_root_uri` String,
    `quote_uri` String,
    `created_at` Nullable(DateTime64(3, 'UTC')),
    `sort_at` DateTime64(3, 'UTC'),
    `age_hours` Float64
)
AS WITH
    key -> arrayStringConcat(arrayMap(shift -> substring('234567abcdefghijklmnopqrstuvwxyz', bitAnd(bitShiftRight(key, shift), 31) + 1, 1), [60, 55, 50, 45, 40, 35, 30, 25, 20, 15, 10, 5, 0])) AS tid_text,
    ((did, key, odd_path) -> multiIf(did = '', '', bitShiftRight(key, 63) = 0, concat('at://', did, '/app.bsky.feed.post/', tid_text(key)), concat('at://', did, '/', odd_path))) AS uri_text,
    recent AS
    (
        SELECT
            actor_id,
            tid,
            text,
            langs,
            created_at,
            sort_at,
            reply_parent_id,
            reply_parent_tid,
            reply_root_id,
            reply_root_tid,
            quote_id,
            quote_tid
        FROM posts
        FINAL
        WHERE ((day >= toDate(now64(3, 'UTC') - toIntervalHour(24))) OR (day = '1970-01-01')) AND (sort_at >= (now64(3, 'UTC') - toIntervalHour(24))) AND (actor_id NOT IN (
            SELECT actor_id
            FROM inactive_accounts
        ))
    ),
    wanted AS
    (
        SELECT
            actor_id,
            tid,
            reply_parent_id,
            reply_parent_tid,
            reply_root_id,
            reply_root_tid,
            quote_id,
            quote_tid
        FROM posts
        WHERE (day >= toDate(now64(3, 'UTC') - toIntervalHour(24))) OR (day = '1970-01-01')
    ),
    dids AS
    (
        SELECT DISTINCT
            actor_id,
            did
        FROM actors
        WHERE actor_id IN (
            SELECT reply_parent_id
            FROM wanted
            WHERE reply_parent_id != 0
            UNION ALL
            SELECT reply_root_id
            FROM wanted
            WHERE (reply_root_id != 0) AND (reply_root_id != reply_parent_id)
            UNION ALL
            SELECT quote_id
            FROM wanted
            WHERE quote_id != 0
        )
    ),
    odd AS
    (
        SELECT DISTINCT
            key,
            concat(collection, '/', rkey) AS path
        FROM odd_keys
        WHERE key IN (
            SELECT tid
            FROM wanted
            WHERE bitShiftRight(tid, 63) = 1
            UNION ALL
            SELECT reply_parent_tid
            FROM wanted
            WHERE bitShiftRight(reply_parent_tid, 63) = 1
            UNION ALL
            SELECT reply_root_tid
            FROM wanted
            WHERE bitShiftRight(reply_root_tid, 63) = 1
            UNION ALL
            SELECT quote_tid
            FROM wanted
            WHERE bitShiftRight(quote_tid, 63) = 1
        )
    )
SELECT
    recent.actor_id AS actor_id,
    recent.tid AS tid,
    author.did AS did,
    author.handle AS handle,
    uri_text(author.did, recent.tid, own_odd.path) AS uri,
    recent.text AS text,
    recent.langs AS langs,
    uri_text(parent.did, recent.reply_parent_tid, parent_odd.path) AS reply_parent_uri,
    uri_text(root.did, recent.reply_root_tid, root_odd.path) AS reply_root_uri,
    uri_text(quoted.did, recent.quote_tid, quoted_odd.path) AS quote_uri,
    recent.created_at AS created_at,
    recent.sort_at AS sort_at,
    greatest(0, dateDiff('millisecond', recent.sort_at, now64(3, 'UTC'))) / 3600000 AS age_hours
FROM recent
INNER JOIN
(
    SELECT
        actor_id,
        did,
        handle
    FROM accounts
    WHERE actor_id IN (
        SELECT actor_id
        FROM wanted
    )
) AS author ON author.actor_id = recent.actor_id
ANY LEFT JOIN dids AS parent ON parent.actor_id = recent.reply_parent_id
ANY LEFT JOIN dids AS root ON root.actor_id = recent.reply_root_id
ANY LEFT JOIN dids AS quoted ON quoted.actor_id = recent.quote_id
ANY LEFT JOIN odd AS own_odd ON own_odd.key = recent.tid
ANY LEFT JOIN odd AS parent_odd ON parent_odd.key = recent.reply_parent_tid
ANY LEFT JOIN odd AS root_odd ON root_odd.key = recent.reply_root_tid
ANY LEFT JOIN odd AS quoted_odd ON quoted_odd.key = recent.quote_tid;

CREATE VIEW recent_posts_with_score
(
    `actor_id` UInt64,
    `tid` UInt64,
    `did` SimpleAggregateFunction(max, String),
    `handle` String,
    `uri` String,
    `text` String,
    `langs` Array(LowCardinality(String)),
    `reply_parent_uri` String,
    `reply_root_uri` String,
    `quote_uri` String,
    `created_at` Nullable(DateTime64(3, 'UTC')),
    `sort_at` DateTime64(3, 'UTC'),
    `age_hours` Float64,
    `likes` UInt64,
    `reposts` UInt64,
    `replies` UInt64,
    `quotes` UInt64,
    `score` Float64
)
AS WITH
    counts AS
    (
        SELECT
            subject_id,
            subject_tid,
            uniqExactIf(actor_id, kind = 'like') AS likes,
            uniqExactIf(actor_id, kind = 'repost') AS reposts,
            uniqExactIf(actor_id, kind = 'reply') AS replies,
            uniqExactIf(actor_id, kind = 'quote') AS quotes
        FROM engagement
        FINAL
        WHERE ((subject_day >= toDate(now64(3, 'UTC') - toIntervalHour(24))) OR (subject_day = '1970-01-01')) AND (actor_id NOT IN (
            SELECT actor_id
            FROM inactive_accounts
        ))
        GROUP BY
            subject_day,
            subject_id,
            subject_tid
        SETTINGS optimize_aggregation_in_order = 1
    )
SELECT
    post.*,
    counts.likes AS likes,
    counts.reposts AS reposts,
    counts.replies AS replies,
    counts.quotes AS quotes,
    (toInt64(counts.likes) - 1) / pow(post.age_hours + 2, 1.8) AS score
FROM recent_posts AS post
LEFT JOIN counts ON (counts.subject_id = post.actor_id) AND (counts.subject_tid = post.tid);

CREATE TABLE record_revisions
(
    `tid` UInt64 CODEC(Delta(8), ZSTD(1)),
    `hour` UInt32 DEFAULT if(bitShiftRight(tid, 63) = 1, 0, intDiv(bitShiftRight(tid, 10), 3600000000)),
    `actor_id` UInt64 CODEC(ZSTD(1)),
    `collection` Enum8('post' = 1, 'like' = 2, 'repost' = 3, 'follow' = 4, 'block' = 5),
    `version` Int64 CODEC(T64, ZSTD(1)),
    `deleted` UInt8
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY if((hour >= 464592) AND (hour < 622392), toYear(toDateTime(hour * 3600, 'UTC')), 0)
ORDER BY (hour, actor_id, tid, collection)
SETTINGS index_granularity = 1024;

CREATE TABLE repo_records
(
    `collection` LowCardinality(String),
    `actor_id` UInt64,
    `rkey` String CODEC(ZSTD(1)),
    `rev` String CODEC(ZSTD(1)),
    `operation` Enum8('create' = 1, 'update' = 2, 'delete' = 3),
    `cid` String CODEC(ZSTD(1)),
    `record` String CODEC(ZSTD(1)),
    `seen_at` DateTime64(6, 'UTC') CODEC(Delta(8), ZSTD(1)),
    `stored_at` DateTime('UTC') DEFAULT now() CODEC(Delta(4), ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toMonday(stored_at)
ORDER BY (collection, seen_at, actor_id, rkey, rev)
TTL stored_at + toIntervalDay(30)
SETTINGS ttl_only_drop_parts = 1, index_granularity = 8192;
