SELECT actor_id, count() AS posts, toUnixTimestamp64Milli(max(at)) AS newest_ms,
    sum(likes) AS likes, sum(replies) AS replies, sum(reposts) AS reposts, sum(quotes) AS quotes,
    sum(skypoints) AS skypoints
FROM audience_posts
GROUP BY actor_id
HAVING skypoints > 0
ORDER BY skypoints DESC, newest_ms DESC
LIMIT 8 WITH TIES
