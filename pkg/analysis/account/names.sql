-- Who the accounts are, and how many live, active accounts follow each and are followed by it.
WITH
followed_by AS (
    SELECT subject_id, actor_id FROM followers WHERE subject_id IN {ids:Array(UInt64)}
    GROUP BY subject_id, actor_id, tid HAVING argMax(deleted, version) = 0
),
following AS (
    SELECT actor_id, subject_id FROM follows WHERE actor_id IN {ids:Array(UInt64)}
    GROUP BY actor_id, subject_id, tid HAVING argMax(deleted, version) = 0
)
SELECT a.actor_id AS actor_id, max(a.did) AS did, tupleElement(max(a.handle), 2) AS handle,
    toUnixTimestamp64Micro(min(a.first_seen_at)) AS first_seen_us, any(p.created_ms) AS created_ms,
    any(f.count) AS followers, any(g.count) AS following
FROM actors AS a
LEFT JOIN (
    SELECT actor_id, toUnixTimestamp64Milli(argMax(created_at, version)) AS created_ms
    FROM profiles WHERE actor_id IN {ids:Array(UInt64)} GROUP BY actor_id HAVING argMax(deleted, version) = 0
) AS p ON p.actor_id = a.actor_id
LEFT JOIN (
    SELECT subject_id, uniqExact(actor_id) AS count FROM followed_by
    WHERE actor_id NOT IN (SELECT actor_id FROM inactive_accounts) GROUP BY subject_id
) AS f ON f.subject_id = a.actor_id
LEFT JOIN (
    SELECT actor_id, uniqExact(subject_id) AS count FROM following
    WHERE subject_id NOT IN (SELECT actor_id FROM inactive_accounts) GROUP BY actor_id
) AS g ON g.actor_id = a.actor_id
WHERE a.actor_id IN {ids:Array(UInt64)}
GROUP BY a.actor_id
