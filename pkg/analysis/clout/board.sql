-- Every author's best post; those that tie are all returned, for the caller knows their uris and settles it.
SELECT author AS actor_id, post AS tid, at_ms, likes, replies, reposts, quotes, skypoints
FROM (
    SELECT *, rank() OVER (PARTITION BY author ORDER BY skypoints DESC, at_ms DESC) AS place
    FROM audience_posts
    WHERE skypoints > 0
)
WHERE place = 1
ORDER BY skypoints DESC, at_ms DESC
LIMIT 10 WITH TIES
