-- The posts of those followed, by what they got: likes, replies and reposts. A post lies beside its reactions (kind `post`, with its
-- time for `tid`), so both are found in one look; which of them are replies is known of the best only, afterwards.
WITH
    toUnixTimestamp64Milli({now:DateTime64(3)}) AS now_ms,
    now_ms - {window_hours:UInt32} * 3600000 AS since_ms,
    bitShiftLeft(toUInt64(since_ms) * 1000, 10) AS since_tid
SELECT author AS actor_id, post AS tid, likes + replies + reposts AS score, likes, replies, reposts,
    round((now_ms - at) / 3600000, 3) AS age_hours
FROM (
    SELECT author, post, maxIf(posted, kind = 'post') AS at, toUInt32(uniqExactIf(other, kind = 'like')) AS likes,
        toUInt32(countIf(kind = 'reply')) AS replies, toUInt32(uniqExactIf(other, kind = 'repost')) AS reposts
    FROM (
        SELECT subject_id AS author, subject_tid AS post, kind, engagement.actor_id AS other,
            if(kind = 'post', 0, engagement.tid) AS key, argMax(engagement.tid, version) AS posted
        FROM engagement
        WHERE author IN {viewer_follows:Array(UInt64)} AND post >= since_tid AND kind != 'quote'
            AND indexHint(subject_day >= toDate(toUInt16(intDiv(since_ms, 86400000))) OR subject_day = '1970-01-01')
            AND (kind = 'post' OR other != author)
        GROUP BY author, post, kind, other, key
        HAVING argMax(deleted, version) = 0
    )
    WHERE other NOT IN (SELECT inactive_accounts.actor_id FROM inactive_accounts)
    GROUP BY author, post
    HAVING at >= since_ms AND at <= now_ms AND likes + replies + reposts > 0
)
