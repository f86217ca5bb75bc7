-- What went away after a moment, in the order in which it was stored. An insert gives all of its rows the same time: WITH TIES,
-- so that reading on after the last time leaves none of them out.
SELECT toUnixTimestamp64Milli(at) AS at_ms, actor_id, tid, version, gone
FROM gone
WHERE at > fromUnixTimestamp64Milli({after_ms:Int64}, 'UTC')
ORDER BY at_ms
LIMIT {rows:UInt64} WITH TIES
