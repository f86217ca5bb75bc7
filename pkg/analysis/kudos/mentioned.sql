-- A mention stands while the version that made it is the newest of its post, and that post is live.
mentioning AS (
    SELECT m.subject_id AS author, m.actor_id AS other, m.tid AS tid, max(m.version) AS version
    FROM mentions AS m
    WHERE m.subject_id >= {lo:UInt64} AND m.subject_id <= {hi:UInt64} AND m.tid >= {since_tid:UInt64} AND m.actor_id != m.subject_id
    GROUP BY m.subject_id, m.actor_id, m.tid
),
mentioned AS (
    SELECT m.author AS author, p.at_ms AS at_ms
    FROM mentioning AS m
    INNER JOIN (
        SELECT actor_id, tid, max(version) AS version, toUnixTimestamp64Milli(argMax(sort_at, author_posts.version)) AS at_ms
        FROM author_posts
        WHERE (actor_id, tid) IN (SELECT other, tid FROM mentioning)
        GROUP BY actor_id, tid
        HAVING argMax(deleted, author_posts.version) = 0
    ) AS p ON p.actor_id = m.other AND p.tid = m.tid AND p.version = m.version
    WHERE at_ms >= {since_ms:Int64} AND at_ms < {to_ms:Int64}
      AND m.other NOT IN (SELECT actor_id FROM inactive_accounts)
      AND (m.author, m.other) NOT IN (SELECT author, other FROM apart)
)
