-- The best post of each of those followed: what got most likes, replies and reposts.
WITH
    toUnixTimestamp64Milli({now:DateTime64(3)}) AS now_ms,
    now_ms - {window_hours:UInt32} * 3600000 AS since_ms,
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
    roots AS (
        SELECT author_posts.actor_id AS author, author_posts.tid AS post, argMax(at_ms, version) AS at
        FROM author_posts
        WHERE author IN (SELECT id FROM followed) AND post >= since_tid
            AND indexHint(day >= toDate(toUInt16(intDiv(since_ms, 86400000))) OR day = '1970-01-01')
        GROUP BY author, post
        HAVING argMax(deleted, version) = 0 AND argMax(reply_parent_id, version) = 0 AND at >= since_ms AND at <= now_ms
    ),
    counts AS (
        SELECT author, post, toUInt32(uniqExactIf(other, kind = 'like')) AS likes, toUInt32(countIf(kind = 'reply')) AS replies,
            toUInt32(uniqExactIf(other, kind = 'repost')) AS reposts
        FROM (
            SELECT subject_id AS author, subject_tid AS post, kind, engagement.actor_id AS other
            FROM engagement
            WHERE author IN (SELECT id FROM followed) AND post >= since_tid AND kind IN ('like', 'repost', 'reply') AND other != author
                AND indexHint(subject_day >= toDate(toUInt16(intDiv(since_ms, 86400000))) OR subject_day = '1970-01-01')
            GROUP BY author, post, kind, other, engagement.tid
            HAVING argMax(deleted, version) = 0
        )
        WHERE other NOT IN (SELECT inactive_accounts.actor_id FROM inactive_accounts)
        GROUP BY author, post
    )
SELECT r.author AS actor_id, r.post AS tid, c.likes + c.replies + c.reposts AS score, c.likes AS likes, c.replies AS replies,
    c.reposts AS reposts, round((now_ms - r.at) / 3600000, 3) AS age_hours
FROM counts AS c
INNER JOIN roots AS r ON r.author = c.author AND r.post = c.post
ORDER BY score DESC, r.at DESC, tid DESC
LIMIT 1 BY actor_id
