-- Every post of the last ten minutes, newest first.
SELECT actor_id, tid, toUnixTimestamp64Milli(at) / 1000 AS score
FROM (
    SELECT actor_id, tid, argMax(sort_at, version) AS at
    FROM posts
    WHERE day >= toDate({now:DateTime64(3)} - INTERVAL 1 DAY) AND sort_at >= {now:DateTime64(3)} - INTERVAL 10 MINUTE
    GROUP BY actor_id, tid
    HAVING argMax(deleted, version) = 0
)
ORDER BY at DESC
LIMIT 400
