-- How many live, active accounts each of these follows.
SELECT actor_id, toString(uniqExact(subject_id)) AS value
FROM (
    SELECT actor_id, subject_id FROM follows WHERE actor_id IN {ids:Array(UInt64)}
    GROUP BY actor_id, subject_id, tid HAVING argMax(deleted, version) = 0
)
WHERE subject_id NOT IN (SELECT actor_id FROM inactive_accounts)
GROUP BY actor_id
