-- What some accounts said, the newest first. Seen posts are the most by far and must not crowd out the rest, so each of both
-- kinds has its own limit.
SELECT viewer_id, toUnixTimestamp64Milli(at) AS at_ms, event, actor_id, tid
FROM feed_interactions
WHERE viewer_id IN {viewers:Array(UInt64)} AND event IN {events:Array(String)}
ORDER BY viewer_id, at DESC, feed DESC, event DESC, actor_id DESC, tid DESC
LIMIT {rows:UInt32} BY viewer_id, event = 'interactionSeen'
