SELECT
    intDiv(toUnixTimestamp64Milli(at), 600000) * 600000 AS at_ms,
    count() AS posts, sum(likes) AS likes, sum(replies) AS replies, sum(reposts) AS reposts, sum(quotes) AS quotes,
    sum(skypoints) AS skypoints
FROM audience_posts
GROUP BY at_ms
ORDER BY at_ms
