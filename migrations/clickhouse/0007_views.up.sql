-- Views for people and dashboards. All leave out what was deleted and what belongs to inactive accounts, and read through
-- FINAL, so that a replay changes none of their numbers.

-- The accounts that ever had a status event: few, so that "who is inactive?" need not look through all of `actors`.
CREATE TABLE IF NOT EXISTS account_states
(
    actor_id UInt64,
    account SimpleAggregateFunction(max, Tuple(version UInt64, active UInt8, status String))
)
ENGINE = AggregatingMergeTree
ORDER BY actor_id
SETTINGS index_granularity = 2048;

CREATE MATERIALIZED VIEW IF NOT EXISTS actors_to_account_states TO account_states AS
SELECT actor_id, account
FROM actors
WHERE tupleElement(account, 1) > 0;

-- What came before the view. Repeating it changes nothing: each row is a maximum.
INSERT INTO account_states
SELECT actor_id, account
FROM actors
WHERE tupleElement(account, 1) > 0;

-- By GROUP BY and not by FINAL, which does not merge the parts of a tuple when they are read alone.
CREATE VIEW IF NOT EXISTS inactive_accounts AS
SELECT actor_id, tupleElement(max(account), 3) AS status
FROM account_states
GROUP BY actor_id
HAVING tupleElement(max(account), 2) = 0;

-- Posts of the last 24 hours by `sort_at`, which is never later than the record key's time: so they all lie in the days since
-- yesterday, or on 1970-01-01 where the key is no TID. Filter by `actor_id` or LIMIT it: the names of everybody whom the
-- posts answer and quote are looked up.
CREATE VIEW IF NOT EXISTS recent_posts AS
WITH
    key -> arrayStringConcat(arrayMap(
        shift -> substring('234567abcdefghijklmnopqrstuvwxyz', bitAnd(bitShiftRight(key, shift), 31) + 1, 1),
        [60, 55, 50, 45, 40, 35, 30, 25, 20, 15, 10, 5, 0])) AS tid_text,
    (did, key, odd_path) -> multiIf(
        did = '', '',
        bitShiftRight(key, 63) = 0, concat('at://', did, '/app.bsky.feed.post/', tid_text(key)),
        concat('at://', did, '/', odd_path)) AS uri_text,
    recent AS
    (
        SELECT
            actor_id, tid, text, langs, created_at, sort_at,
            reply_parent_id, reply_parent_tid, reply_root_id, reply_root_tid, quote_id, quote_tid
        FROM posts FINAL
        WHERE (day >= toDate(now64(3, 'UTC') - INTERVAL 24 HOUR) OR day = '1970-01-01')
            AND sort_at >= now64(3, 'UTC') - INTERVAL 24 HOUR
            AND actor_id NOT IN (SELECT actor_id FROM inactive_accounts)
    ),
    -- Whose names are needed: more than that does no harm, so neither FINAL nor the rest of the conditions.
    wanted AS
    (
        SELECT actor_id, tid, reply_parent_id, reply_parent_tid, reply_root_id, reply_root_tid, quote_id, quote_tid
        FROM posts
        WHERE day >= toDate(now64(3, 'UTC') - INTERVAL 24 HOUR) OR day = '1970-01-01'
    ),
    -- A DID never changes, so any of its rows will do.
    dids AS
    (
        SELECT DISTINCT actor_id, did
        FROM actors
        WHERE actor_id IN
        (
            SELECT reply_parent_id FROM wanted WHERE reply_parent_id != 0
            UNION ALL
            SELECT reply_root_id FROM wanted WHERE reply_root_id != 0 AND reply_root_id != reply_parent_id
            UNION ALL
            SELECT quote_id FROM wanted WHERE quote_id != 0
        )
    ),
    odd AS
    (
        SELECT DISTINCT key, concat(collection, '/', rkey) AS path
        FROM odd_keys
        WHERE key IN
        (
            SELECT tid FROM wanted WHERE bitShiftRight(tid, 63) = 1
            UNION ALL
            SELECT reply_parent_tid FROM wanted WHERE bitShiftRight(reply_parent_tid, 63) = 1
            UNION ALL
            SELECT reply_root_tid FROM wanted WHERE bitShiftRight(reply_root_tid, 63) = 1
            UNION ALL
            SELECT quote_tid FROM wanted WHERE bitShiftRight(quote_tid, 63) = 1
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
INNER JOIN (SELECT actor_id, did, handle FROM accounts WHERE actor_id IN (SELECT actor_id FROM wanted)) AS author
    ON author.actor_id = recent.actor_id
ANY LEFT JOIN dids AS parent ON parent.actor_id = recent.reply_parent_id
ANY LEFT JOIN dids AS root ON root.actor_id = recent.reply_root_id
ANY LEFT JOIN dids AS quoted ON quoted.actor_id = recent.quote_id
ANY LEFT JOIN odd AS own_odd ON own_odd.key = recent.tid
ANY LEFT JOIN odd AS parent_odd ON parent_odd.key = recent.reply_parent_tid
ANY LEFT JOIN odd AS root_odd ON root_odd.key = recent.reply_root_tid
ANY LEFT JOIN odd AS quoted_odd ON quoted_odd.key = recent.quote_tid;

-- The same with its engagement: accounts, each once, that are active and have not taken it back. `score` is that of the
-- trending feeds: likes against age.
CREATE VIEW IF NOT EXISTS recent_posts_with_score AS
WITH counts AS
(
    SELECT
        subject_id, subject_tid,
        uniqExactIf(actor_id, kind = 'like') AS likes,
        uniqExactIf(actor_id, kind = 'repost') AS reposts,
        uniqExactIf(actor_id, kind = 'reply') AS replies,
        uniqExactIf(actor_id, kind = 'quote') AS quotes
    FROM engagement FINAL
    WHERE (subject_day >= toDate(now64(3, 'UTC') - INTERVAL 24 HOUR) OR subject_day = '1970-01-01')
        AND actor_id NOT IN (SELECT actor_id FROM inactive_accounts)
    GROUP BY subject_day, subject_id, subject_tid
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
LEFT JOIN counts ON counts.subject_id = post.actor_id AND counts.subject_tid = post.tid;

-- Whom everybody follows and by whom they are followed: different accounts, both ends active, follows not taken back. Three
-- lists laid under each other instead of joined, so that `WHERE actor_id = ...` reaches the sort key of each.
CREATE VIEW IF NOT EXISTS following_counts AS
SELECT
    actor_id,
    max(known_did) AS did,
    max(known_handle) AS handle,
    sum(following_here) AS following,
    sum(followers_here) AS followers
FROM
(
    SELECT actor_id, did AS known_did, handle AS known_handle, 0 AS following_here, 0 AS followers_here
    FROM accounts
    UNION ALL
    SELECT actor_id, '' AS known_did, '' AS known_handle, uniqExact(subject_id) AS following_here, 0 AS followers_here
    FROM follows FINAL
    WHERE subject_id NOT IN (SELECT actor_id FROM inactive_accounts)
    GROUP BY actor_id
    UNION ALL
    SELECT subject_id AS actor_id, '' AS known_did, '' AS known_handle, 0 AS following_here, uniqExact(followers.actor_id) AS followers_here
    FROM followers FINAL
    WHERE followers.actor_id NOT IN (SELECT actor_id FROM inactive_accounts)
    GROUP BY subject_id
)
WHERE actor_id NOT IN (SELECT actor_id FROM inactive_accounts)
GROUP BY actor_id;
