-- For each of some accounts: how many live, active accounts it follows or is followed by, each once; and how many of those that it
-- follows have a live post from `since_ms` on. The newest version of a row decides, whatever is merged. Keys that are no TID (top
-- bit set) pass the bound on keys, and are judged by their time alone.
WITH
    linked AS (
        SELECT id, other, max(followed) AS is_followed
        FROM (
            SELECT actor_id AS id, subject_id AS other, 1 AS followed
            FROM follows
            WHERE actor_id IN {ids:Array(UInt64)}
            GROUP BY id, other, tid
            HAVING argMax(deleted, version) = 0
            UNION ALL
            SELECT subject_id AS id, actor_id AS other, 0 AS followed
            FROM followers
            WHERE subject_id IN {ids:Array(UInt64)}
            GROUP BY id, other, tid
            HAVING argMax(deleted, version) = 0
        )
        WHERE other != id AND other NOT IN (SELECT inactive_accounts.actor_id FROM inactive_accounts)
        GROUP BY id, other
    ),
    posting AS (
        SELECT actor_id AS author
        FROM author_posts
        WHERE actor_id IN (SELECT other FROM linked WHERE is_followed = 1) AND author_posts.tid >= {since_tid:UInt64}
        GROUP BY author, author_posts.tid
        HAVING argMax(deleted, version) = 0 AND argMax(at_ms, version) >= {since_ms:Int64}
    )
SELECT
    id,
    toString(count()) AS network_size,
    toString(countIf(is_followed = 1 AND other IN (SELECT author FROM posting))) AS tracked_users
FROM linked
GROUP BY id
