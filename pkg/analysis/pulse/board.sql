SELECT actor_id, countIf(NOT before) AS posts, toUnixTimestamp64Milli(maxIf(at, NOT before)) AS newest_ms,
    sumIf(p.skypoints, NOT before) AS skypoints, sumIf(p.skypoints, before) AS previous_skypoints
FROM audience_posts AS p
GROUP BY actor_id
HAVING skypoints > 0
ORDER BY (1 + skypoints) / (1 + previous_skypoints) DESC, skypoints DESC, newest_ms DESC
LIMIT 10 WITH TIES
