-- The accounts with a live post in the window, lowest ids first: ids are salted hashes, so the lowest are a fair sample.
SELECT actor_id
FROM (
    SELECT actor_id, tid, toUnixTimestamp64Milli(argMax(sort_at, version)) AS at_ms
    FROM author_posts
    WHERE actor_id <= {hi:UInt64} AND tid >= {since_tid:UInt64}
    GROUP BY actor_id, tid
    HAVING argMax(deleted, version) = 0 AND at_ms >= {from_ms:Int64} AND at_ms < {to_ms:Int64}
)
WHERE actor_id NOT IN (SELECT actor_id FROM inactive_accounts)
GROUP BY actor_id
ORDER BY actor_id
LIMIT {most:UInt32}
