-- The next accounts that said something since a moment, by id.
SELECT DISTINCT viewer_id
FROM feed_interactions
WHERE viewer_id > {after:UInt64} AND at >= fromUnixTimestamp64Milli({since_ms:Int64}, 'UTC') AND event IN {events:Array(String)}
ORDER BY viewer_id
LIMIT {accounts:UInt32}
