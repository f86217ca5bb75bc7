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
        SELECT subject_id, subject_tid, max(version) AS newest, toInt64(argMax(tid, version)) AS at_ms
        FROM engagement
        WHERE (subject_id, subject_tid) IN (SELECT other, tid FROM mentioning) AND kind = 'post'
        GROUP BY subject_id, subject_tid
        HAVING argMax(deleted, version) = 0
    ) AS p ON p.subject_id = m.other AND p.subject_tid = m.tid AND p.newest = m.version
    WHERE at_ms >= {since_ms:Int64} AND at_ms < {to_ms:Int64}
      AND m.other NOT IN (SELECT actor_id FROM inactive_accounts)
      AND (m.author, m.other) NOT IN (SELECT account, other FROM apart)
)
