-- How many live, active accounts follow each of these.
SELECT subject_id AS actor_id, toString(uniqExact(actor)) AS value
FROM (
    SELECT subject_id, actor_id AS actor FROM followers WHERE subject_id IN {ids:Array(UInt64)}
    GROUP BY subject_id, actor, tid HAVING argMax(deleted, version) = 0
)
WHERE actor NOT IN (SELECT actor_id FROM inactive_accounts)
GROUP BY subject_id
