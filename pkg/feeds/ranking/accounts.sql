-- What is known about the accounts behind some posts, in rows of three kinds laid under each other: joined, each of the tables would
-- be searched for the ids of the others.
SELECT 'named' AS kind, actor_id AS id, max(did) AS text
FROM actors
WHERE actor_id IN {unnamed:Array(UInt64)}
GROUP BY actor_id
UNION ALL
SELECT 'inactive' AS kind, actor_id AS id, '' AS text
FROM inactive_states
WHERE actor_id IN {accounts:Array(UInt64)}
GROUP BY actor_id
HAVING argMax(deleted, version) = 0
UNION ALL
SELECT 'blocked' AS kind, other_id AS id, '' AS text
FROM blocked_pairs
WHERE account_id = {viewer:UInt64} AND other_id IN {accounts:Array(UInt64)}
GROUP BY other_id, block
HAVING bitAnd(max(state), 1) = 0
