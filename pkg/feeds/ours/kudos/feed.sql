-- Recent posts of those who react most to what the viewer posts: log2(1 + reactions), halved every so many hours.
WITH
    toUnixTimestamp64Milli({now:DateTime64(3)}) AS now_ms,
    now_ms - {window_hours:UInt32} * 3600000 AS since_ms,
    bitShiftLeft(toUInt64(since_ms) * 1000, 10) AS since_tid,
    now_ms - {reactions_days:UInt32} * 86400000 AS reactions_since_ms,
    bitShiftLeft(toUInt64(reactions_since_ms) * 1000, 10) AS reactions_since_tid,
    engagers AS (
        SELECT other, toUInt32(count()) AS reactions
        FROM (
            SELECT DISTINCT post, kind, other
            FROM (
                SELECT subject_tid AS post, kind, engagement.actor_id AS other
                FROM engagement
                WHERE subject_id = {viewer:UInt64} AND post >= reactions_since_tid AND kind != 'post' AND other != subject_id
                GROUP BY post, kind, other, engagement.tid
                HAVING argMax(deleted, version) = 0
            )
        )
        GROUP BY other
        ORDER BY reactions DESC, other
        LIMIT {engagers:UInt32}
    ),
    -- Once for both that follow: a sub-query is worked out wherever it is named, a value only here.
    (SELECT (groupArray(other), groupArray(reactions)) FROM engagers) AS top
SELECT p.author AS actor_id, p.post AS tid, log2(1 + reactions) * exp2(-age_hours / {half_life_hours:Float64}) AS score,
    transform(p.author, top.1, top.2, toUInt32(0)) AS reactions, (now_ms - p.at) / 3600000 AS age_hours
FROM (
        SELECT author_posts.actor_id AS author, author_posts.tid AS post, argMax(at_ms, version) AS at
        FROM author_posts
        WHERE author IN top.1 AND post >= since_tid
            AND indexHint(day >= toDate(toUInt16(intDiv(since_ms, 86400000))) OR day = '1970-01-01')
        GROUP BY author, post
        HAVING argMax(deleted, version) = 0 AND argMax(reply_parent_id, version) = 0 AND at >= since_ms AND at <= now_ms
    ORDER BY at DESC, post DESC
    LIMIT {per_author:UInt32} BY author
) AS p
