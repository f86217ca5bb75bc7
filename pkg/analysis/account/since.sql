-- Since when there have been these accounts, in milliseconds: first seen here or, as the newest version of the profile says, made
-- (in a tuple, because argMax passes over nulls), whichever is earlier.
SELECT actor_id, toString(min(ms)) AS value
FROM (
    SELECT actor_id, toUnixTimestamp64Micro(min(first_seen_at)) / 1000 AS ms
    FROM actors WHERE actor_id IN {ids:Array(UInt64)}
    GROUP BY actor_id
    UNION ALL
    SELECT actor_id, toFloat64(assumeNotNull(created_ms)) AS ms
    FROM (
        SELECT actor_id, toUnixTimestamp64Milli(tupleElement(argMax(tuple(created_at), version), 1)) AS created_ms
        FROM profiles WHERE actor_id IN {ids:Array(UInt64)}
        GROUP BY actor_id HAVING argMax(deleted, version) = 0
    )
    WHERE created_ms IS NOT NULL
)
GROUP BY actor_id
