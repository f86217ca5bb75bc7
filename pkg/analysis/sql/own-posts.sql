-- Live posts of the accounts from `lo` to `hi` (one account: both its id), each with the window it is in: 0 the one asked for,
-- 1 the one before, 2 the one before that; and what others did with them, as it stood at the end of the post's window.
own_posts AS (
    SELECT actor_id, tid, toUnixTimestamp64Milli(argMax(sort_at, version)) AS at_ms,
        toUInt8(if(at_ms >= {from_ms:Int64}, 0, intDiv({from_ms:Int64} - 1 - at_ms, {window_ms:Int64}) + 1)) AS age
    FROM author_posts
    WHERE actor_id >= {lo:UInt64} AND actor_id <= {hi:UInt64} AND tid >= {since_tid:UInt64}
    GROUP BY actor_id, tid
    HAVING argMax(deleted, version) = 0 AND at_ms >= {since_ms:Int64} AND at_ms < {to_ms:Int64}
       AND actor_id NOT IN (SELECT actor_id FROM inactive_accounts)
),
apart AS (
    SELECT actor_id AS author, subject_id AS other FROM blocks WHERE actor_id >= {lo:UInt64} AND actor_id <= {hi:UInt64}
    GROUP BY actor_id, subject_id, tid HAVING argMax(deleted, version) = 0
    UNION ALL
    SELECT subject_id AS author, actor_id AS other FROM blocked_by WHERE subject_id >= {lo:UInt64} AND subject_id <= {hi:UInt64}
    GROUP BY subject_id, actor_id, tid HAVING argMax(deleted, version) = 0
),
received AS (
    SELECT subject_id, subject_tid, kind, actor_id, tid
    FROM engagement
    WHERE subject_id >= {lo:UInt64} AND subject_id <= {hi:UInt64} AND subject_tid >= {since_tid:UInt64} AND actor_id != subject_id
    GROUP BY subject_id, subject_tid, kind, actor_id, tid
    HAVING argMax(deleted, version) = 0
),
reactions AS (
    SELECT p.actor_id AS author, p.tid AS post, p.age AS age, p.at_ms AS at_ms, r.kind AS kind, r.actor_id AS other, r.tid AS key
    FROM received AS r
    INNER JOIN own_posts AS p ON p.actor_id = r.subject_id AND p.tid = r.subject_tid
    WHERE r.actor_id NOT IN (SELECT actor_id FROM inactive_accounts)
      AND (r.subject_id, r.actor_id) NOT IN (SELECT author, other FROM apart)
      AND (p.age = 0 OR bitShiftRight(r.tid, 63) = 1
        OR bitShiftRight(r.tid, 10) < ({from_ms:Int64} - (p.age - 1) * {window_ms:Int64}) * 1000)
),
posts_got AS (
    SELECT author, age, at_ms, post,
        uniqExactIf(other, kind = 'like') + countIf(kind = 'reply') + uniqExactIf(other, kind = 'repost') AS skypoints,
        uniqExactIf(other, kind = 'repost') + countIf(kind = 'quote') AS spread
    FROM reactions GROUP BY author, age, at_ms, post
)
