SELECT author AS actor_id, count() AS posts, max(at_ms) AS newest_ms,
    sum(p.likes) AS likes, sum(p.replies) AS replies, sum(p.reposts) AS reposts, sum(p.quotes) AS quotes,
    sum(p.skypoints) AS skypoints
FROM audience_posts AS p
GROUP BY author
HAVING skypoints > 0
ORDER BY skypoints DESC, newest_ms DESC
LIMIT 8 WITH TIES
