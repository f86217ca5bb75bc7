-- What some posts say. `posts` lies by day: the days are given, or all of them would be searched.
SELECT actor_id AS author, tid AS key, argMax(text, version) AS body, toString(argMax(toUnixTimestamp64Milli(sort_at), version)) AS posted_ms
FROM posts
WHERE day IN {days:Array(Date)} AND (actor_id, tid) IN arrayZip({ids:Array(UInt64)}, {tids:Array(UInt64)})
GROUP BY actor_id, tid
HAVING argMax(deleted, version) = 0
