-- The texts of single posts, and the record keys of those whose key is no TID.
SELECT p.actor_id AS actor_id, p.tid AS tid, argMax(p.text, p.version) AS text, any(o.rkey) AS rkey
FROM posts AS p
LEFT JOIN (SELECT key, any(rkey) AS rkey FROM odd_keys WHERE key IN {tids:Array(UInt64)} GROUP BY key) AS o ON o.key = p.tid
WHERE p.day IN {days:Array(Date)} AND p.actor_id IN {ids:Array(UInt64)} AND p.tid IN {tids:Array(UInt64)}
GROUP BY p.actor_id, p.tid
