-- What the members of the feed post, the newest first.
WITH
    toUnixTimestamp64Milli({now:DateTime64(3)}) AS now_ms,
    now_ms - {window_days:UInt32} * 86400000 AS since_ms,
    bitShiftLeft(toUInt64(since_ms) * 1000, 10) AS since_tid
SELECT author_posts.actor_id AS actor_id, author_posts.tid AS tid, argMax(at_ms, version) AS score
FROM author_posts
WHERE actor_id IN {members:Array(UInt64)} AND tid >= since_tid
    AND indexHint(day >= toDate(toUInt16(intDiv(since_ms, 86400000))) OR day = '1970-01-01')
GROUP BY actor_id, tid
HAVING argMax(deleted, version) = 0 AND ({replies:UInt8} = 1 OR argMax(reply_parent_id, version) = 0) AND score >= since_ms AND score <= now_ms
