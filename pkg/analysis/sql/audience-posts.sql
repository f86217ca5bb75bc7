-- The audience's live posts from `since_ms` on, each with what it got. A reaction counts if it is live, by an active account,
-- with no block between its two sides; for posts before `from_ms` (the window before) only if it was made before `from_ms`
-- too, so that both windows are seen at their own end. Keys that are no TID (top bit set) have no time and always count.
posts_in AS (
    SELECT actor_id, tid, argMax(sort_at, version) AS at, at < fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC') AS before
    FROM author_posts
    WHERE actor_id IN (SELECT id FROM audience) AND tid >= {since_tid:UInt64}
    GROUP BY actor_id, tid
    HAVING argMax(deleted, version) = 0
       AND at >= fromUnixTimestamp64Milli({since_ms:Int64}, 'UTC') AND at < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
),
blocked_pairs AS (
    SELECT actor_id AS author, subject_id AS other FROM blocks WHERE actor_id IN (SELECT id FROM audience)
    GROUP BY actor_id, subject_id, tid HAVING argMax(deleted, version) = 0
    UNION ALL
    SELECT subject_id AS author, actor_id AS other FROM blocked_by WHERE subject_id IN (SELECT id FROM audience)
    GROUP BY subject_id, actor_id, tid HAVING argMax(deleted, version) = 0
),
reactions AS (
    SELECT subject_id, subject_tid, kind, actor_id, tid
    FROM engagement
    WHERE subject_id IN (SELECT id FROM audience) AND subject_tid >= {since_tid:UInt64}
    GROUP BY subject_id, subject_tid, kind, actor_id, tid
    HAVING argMax(deleted, version) = 0
),
counts AS (
    SELECT
        r.subject_id AS actor_id, r.subject_tid AS tid,
        uniqExactIf(r.actor_id, kind = 'like') AS likes,
        countIf(kind = 'reply') AS replies,
        uniqExactIf(r.actor_id, kind = 'repost') AS reposts,
        countIf(kind = 'quote') AS quotes
    FROM reactions AS r
    INNER JOIN posts_in AS p ON p.actor_id = r.subject_id AND p.tid = r.subject_tid
    WHERE r.actor_id NOT IN (SELECT actor_id FROM inactive_accounts)
      AND (r.subject_id, r.actor_id) NOT IN (SELECT author, other FROM blocked_pairs)
      AND (p.before = 0 OR bitShiftRight(r.tid, 63) = 1 OR bitShiftRight(r.tid, 10) < {from_ms:Int64} * 1000)
    GROUP BY r.subject_id, r.subject_tid
),
audience_posts AS (
    SELECT p.actor_id AS actor_id, p.tid AS tid, p.at AS at, p.before AS before,
        c.likes AS likes, c.replies AS replies, c.reposts AS reposts, c.quotes AS quotes,
        c.likes + c.replies + c.reposts AS skypoints
    FROM posts_in AS p
    LEFT JOIN counts AS c ON c.actor_id = p.actor_id AND c.tid = p.tid
)
