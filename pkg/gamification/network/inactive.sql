-- Those of some accounts that the network says are inactive.
SELECT actor_id AS id
FROM inactive_states
WHERE actor_id IN {ids:Array(UInt64)}
GROUP BY actor_id
HAVING argMax(deleted, version) = 0
