-- The texts of some posts. Their days come from the table that is sorted by author: with them the texts are looked up, not searched.
SELECT actor_id, tid, argMax(text, version) AS words
FROM posts
WHERE (day, actor_id, tid) IN (
    SELECT day, actor_id, tid
    FROM author_posts
    WHERE (actor_id, tid) IN arrayZip({ids:Array(UInt64)}, {tids:Array(UInt64)})
)
GROUP BY actor_id, tid
