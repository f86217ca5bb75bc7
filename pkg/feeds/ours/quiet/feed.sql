-- Posts of those followed who post rarely: the fewer and the younger, the higher. Replies count as posts, but are not shown.
WITH
    toUnixTimestamp64Milli({now:DateTime64(3)}) AS now_ms,
    now_ms - {window_days:UInt32} * 86400000 AS since_ms,
    bitShiftLeft(toUInt64(since_ms) * 1000, 10) AS since_tid
SELECT author AS actor_id, root.1 AS tid, exp2(-age_days / {half_life_days:Float64}) / posts AS score, posts,
    (now_ms - root.2) / 86400000 AS age_days
FROM (
    SELECT author, toUInt32(count()) AS posts, groupArrayIf((post, at), is_root) AS roots
    FROM (
        SELECT author_posts.actor_id AS author, author_posts.tid AS post, argMax(at_ms, version) AS at,
            argMax(reply_parent_id, version) = 0 AS is_root
        FROM author_posts
        WHERE author IN {viewer_follows:Array(UInt64)} AND post >= since_tid
            AND indexHint(day >= toDate(toUInt16(intDiv(since_ms, 86400000))) OR day = '1970-01-01')
        GROUP BY author, post
        HAVING argMax(deleted, version) = 0 AND at >= since_ms AND at <= now_ms
    )
    GROUP BY author
    HAVING posts <= {max_posts:UInt32}
)
ARRAY JOIN roots AS root
