-- The newest state of some accounts, as `inactive_accounts` takes it.
SELECT actor_id AS id, max(version) AS newest, toUInt8(argMax(deleted, version) = 0) AS gone
FROM inactive_states
WHERE actor_id IN {ids:Array(UInt64)}
GROUP BY actor_id
