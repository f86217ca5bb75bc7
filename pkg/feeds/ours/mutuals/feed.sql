-- What those post who follow the viewer and are followed back, the newest first.
WITH
    toUnixTimestamp64Milli({now:DateTime64(3)}) AS now_ms,
    now_ms - {window_days:UInt32} * 86400000 AS since_ms,
    bitShiftLeft(toUInt64(since_ms) * 1000, 10) AS since_tid,
    followed AS (
        SELECT id
        FROM (
            SELECT subject_id AS id, max(follows.tid) AS since, 0 AS apart
            FROM follows
            WHERE follows.actor_id = {viewer:UInt64}
            GROUP BY id, follows.tid
            HAVING argMax(deleted, version) = 0
            UNION ALL
            SELECT other_id, 0, 1
            FROM blocked_pairs
            WHERE account_id = {viewer:UInt64}
            GROUP BY other_id, block
            HAVING bitAnd(max(state), 1) = 0
        )
        WHERE id != {viewer:UInt64} AND id NOT IN (SELECT inactive_accounts.actor_id FROM inactive_accounts)
        GROUP BY id
        HAVING max(apart) = 0
        ORDER BY max(since) DESC, id
        LIMIT {follows:UInt32}
    ),
    mutual AS (
        SELECT DISTINCT id
        FROM (
            SELECT followers.actor_id AS id
            FROM followers
            WHERE subject_id = {viewer:UInt64} AND id IN (SELECT id FROM followed)
            GROUP BY id, followers.tid
            HAVING argMax(deleted, version) = 0
        )
    )
SELECT author AS actor_id, post AS tid, at AS score, round((now_ms - at) / 3600000, 3) AS age_hours
FROM (
        SELECT author_posts.actor_id AS author, author_posts.tid AS post, argMax(at_ms, version) AS at
        FROM author_posts
        WHERE author IN (SELECT id FROM mutual) AND post >= since_tid
            AND indexHint(day >= toDate(toUInt16(intDiv(since_ms, 86400000))) OR day = '1970-01-01')
        GROUP BY author, post
        HAVING argMax(deleted, version) = 0 AND argMax(reply_parent_id, version) = 0 AND at >= since_ms AND at <= now_ms
)
