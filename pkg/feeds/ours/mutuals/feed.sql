-- What those post who follow the viewer and are followed back, the newest first.
WITH
    toUnixTimestamp64Milli({now:DateTime64(3)}) AS now_ms,
    now_ms - {window_days:UInt32} * 86400000 AS since_ms,
    bitShiftLeft(toUInt64(since_ms) * 1000, 10) AS since_tid,
    mutual AS (
        SELECT DISTINCT id
        FROM (
            SELECT followers.actor_id AS id
            FROM followers
            WHERE subject_id = {viewer:UInt64} AND id IN {viewer_follows:Array(UInt64)}
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
