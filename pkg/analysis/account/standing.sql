-- Since when there have been these accounts, and how many live, active accounts follow each and are followed by it. `created_ms`
-- is what the newest version of the profile says, null where it says nothing (in a tuple, because argMax passes over nulls).
SELECT actor_id, sum(seen_us) AS first_seen_us, max(created_ms) AS created_ms, sum(followers) AS followers, sum(following) AS following
FROM (
    SELECT actor_id, toUnixTimestamp64Micro(min(first_seen_at)) AS seen_us, NULL AS created_ms, 0 AS followers, 0 AS following
    FROM actors WHERE actor_id IN {ids:Array(UInt64)}
    GROUP BY actor_id
    UNION ALL
    SELECT actor_id, 0, toUnixTimestamp64Milli(tupleElement(argMax(tuple(created_at), version), 1)), 0, 0
    FROM profiles WHERE actor_id IN {ids:Array(UInt64)}
    GROUP BY actor_id HAVING argMax(deleted, version) = 0
    UNION ALL
    SELECT subject_id, 0, NULL, uniqExact(actor_id), 0
    FROM (
        SELECT subject_id, actor_id FROM followers WHERE subject_id IN {ids:Array(UInt64)}
        GROUP BY subject_id, actor_id, tid HAVING argMax(deleted, version) = 0
    )
    WHERE actor_id NOT IN (SELECT actor_id FROM inactive_accounts)
    GROUP BY subject_id
    UNION ALL
    SELECT actor_id, 0, NULL, 0, uniqExact(subject_id)
    FROM (
        SELECT actor_id, subject_id FROM follows WHERE actor_id IN {ids:Array(UInt64)}
        GROUP BY actor_id, subject_id, tid HAVING argMax(deleted, version) = 0
    )
    WHERE subject_id NOT IN (SELECT actor_id FROM inactive_accounts)
    GROUP BY actor_id
)
GROUP BY actor_id
