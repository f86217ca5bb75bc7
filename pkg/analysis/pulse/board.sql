SELECT author AS actor_id, countIf(here) AS posts, toUnixTimestamp64Milli(maxIf(at, here)) AS newest_ms,
    sumIf(p.skypoints, here) AS skypoints, sumIf(p.early_skypoints, NOT here) AS previous_skypoints
FROM (SELECT *, at >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC') AS here FROM audience_posts) AS p
GROUP BY author
HAVING skypoints > 0
ORDER BY (1 + skypoints) / (1 + previous_skypoints) DESC, skypoints DESC, newest_ms DESC
LIMIT 10 WITH TIES
