-- Every post that was first seen in the last ten minutes, the last one first.
SELECT actor_id, tid, toUnixTimestamp64Micro(seen) / 1000000 AS score
FROM (
    SELECT actor_id, tid, min(seen_at) AS seen
    FROM posts
    WHERE day >= toDate({now:DateTime64(3)} - INTERVAL 2 DAY) AND seen_at >= {now:DateTime64(3)} - INTERVAL 10 MINUTE
    GROUP BY actor_id, tid
    HAVING argMax(deleted, version) = 0
)
ORDER BY seen DESC
LIMIT 450
