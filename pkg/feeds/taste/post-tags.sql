-- The tags of posts. Every key is looked for with every author: both are prefixes of the sort key, and the few other posts that
-- this can find are passed over by the caller.
SELECT actor_id, tid, argMax(tags, version) AS newest_tags
FROM author_posts
WHERE actor_id IN {actors:Array(UInt64)} AND tid IN {tids:Array(UInt64)}
GROUP BY actor_id, tid
HAVING argMax(deleted, version) = 0 AND notEmpty(newest_tags)
