SELECT intDiv(p.at_ms, 600000) * 600000 AS at_ms, count() AS posts,
    sum(p.likes) AS likes, sum(p.replies) AS replies, sum(p.reposts) AS reposts, sum(p.quotes) AS quotes,
    sum(p.skypoints) AS skypoints
FROM audience_posts AS p
GROUP BY at_ms
