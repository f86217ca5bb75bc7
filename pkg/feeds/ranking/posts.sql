-- What is known about some posts. They are given as pairs: an author's other posts are not read. Their days say only which parts need
-- not be opened.
SELECT actor_id, tid, argMax(deleted, version) AS deleted, argMax(reply_parent_id, version) != 0 AS is_reply,
    argMax(langs, version) AS langs, argMax(tags, version) AS tags, argMax(labels, version) AS labels
FROM author_posts
WHERE (actor_id, tid) IN arrayZip({ids:Array(UInt64)}, {tids:Array(UInt64)})
    AND indexHint(day IN {days:Array(Date)})
GROUP BY actor_id, tid
