-- Generator records of this key that the index has seen, by the service that they name.
SELECT actor_id, argMax(service_did, version) AS service
FROM feed_generators
WHERE key = {key:UInt64}
GROUP BY actor_id, key
HAVING argMax(deleted, version) = 0
LIMIT 20
