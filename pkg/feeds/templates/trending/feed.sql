-- Posts by their likes of the last minutes, against their age: (likes - 1) / (age in hours + 2) ^ gravity. Of posts with few likes only
-- the most liked are shown, so that a small network has a feed too. Without gravity it is the likes that count.
WITH
    toUnixTimestamp64Milli({now:DateTime64(3)}) AS now_ms,
    now_ms - {window_minutes:UInt32} * 60000 AS since_ms,
    bitShiftLeft(toUInt64(since_ms) * 1000, 10) AS since_tid,
    bitShiftLeft(toUInt64(now_ms + 1) * 1000, 10) AS until_tid,
    -- Every account has the same chance to be among the first ids, and nobody knows whether theirs is: as many of them as make
    -- `sample` records say what is liked. What they like is then counted exactly.
    (SELECT count() FROM edges WHERE hour BETWEEN intDiv(since_ms, 3600000) AND intDiv(now_ms, 3600000)) AS records,
    if(records <= {sample:UInt32}, 18446744073709551615, toUInt64(18446744073709549568. * {sample:UInt32} / records)) AS last_id,
    candidates AS (
        SELECT subject_id, subject_tid
        FROM edges
        WHERE hour BETWEEN intDiv(since_ms, 3600000) AND intDiv(now_ms, 3600000) AND edges.actor_id <= last_id
            AND kind = 'like' AND edges.tid >= since_tid AND edges.tid < until_tid
        GROUP BY subject_id, subject_tid
        ORDER BY count() / pow(greatest(0, now_ms - toInt64(intDiv(bitShiftRight(subject_tid, 10), 1000))) / 3600000 + 2, {gravity:Float64}) DESC
        LIMIT {candidates:UInt32}
    ),
    -- Once for both that follow: a sub-query is worked out wherever it is named, a value only here.
    (SELECT groupArray((subject_id, subject_tid)) FROM candidates) AS chosen,
    counts AS (
        SELECT author, post, uniqExactIf(other, kind = 'like') AS likes, uniqExactIf(other, kind = 'repost') AS reposts
        FROM (
            SELECT subject_id AS author, subject_tid AS post, kind, engagement.actor_id AS other
            FROM engagement
            WHERE (subject_id, subject_tid) IN (SELECT one.1, one.2 FROM (SELECT arrayJoin(chosen) AS one))
                AND kind IN ('like', 'repost') AND engagement.tid >= since_tid AND engagement.tid < until_tid AND other != author
            GROUP BY author, post, kind, other, engagement.tid
            HAVING argMax(deleted, version) = 0
        )
        WHERE other NOT IN (SELECT inactive_accounts.actor_id FROM inactive_accounts)
        GROUP BY author, post
    ),
    roots AS (
        SELECT author_posts.actor_id AS author, author_posts.tid AS post, argMax(at_ms, version) AS at
        FROM author_posts
        WHERE (author_posts.actor_id, author_posts.tid) IN (SELECT one.1, one.2 FROM (SELECT arrayJoin(chosen) AS one))
            AND author NOT IN (SELECT inactive_accounts.actor_id FROM inactive_accounts)
        GROUP BY author, post
        HAVING argMax(deleted, version) = 0 AND argMax(reply_parent_id, version) = 0
            AND at <= now_ms AND at >= now_ms - {max_age_hours:UInt32} * 3600000
    )
SELECT author AS actor_id, post AS tid, (toInt64(likes) - 1) / pow(age_hours + 2, {gravity:Float64}) AS score, likes, reposts, age_hours
FROM (
    SELECT c.author AS author, c.post AS post, toUInt32(c.likes) AS likes, toUInt32(c.reposts) AS reposts,
        (now_ms - r.at) / 3600000 AS age_hours, rank() OVER (ORDER BY c.likes DESC) AS place
    FROM counts AS c
    INNER JOIN roots AS r ON r.author = c.author AND r.post = c.post
)
WHERE likes >= {min_likes:UInt32} OR (likes >= 2 AND place <= {fill:UInt32})
