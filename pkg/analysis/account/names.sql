-- What the accounts are called.
SELECT actor_id, max(did) AS did, tupleElement(max(handle), 2) AS handle
FROM actors
WHERE actor_id IN {ids:Array(UInt64)}
GROUP BY actor_id
