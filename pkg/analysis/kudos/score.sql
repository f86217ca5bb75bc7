SELECT author AS actor_id, age, sum(posts) AS posts, sum(repliers) AS repliers, sum(returning) AS returning, sum(mentions) AS mentions
FROM (
    SELECT author, age, posts, length(by_replier.1) AS repliers, arrayCount(answered -> answered > 1, by_replier.2) AS returning, 0 AS mentions
    FROM (
        SELECT author, age, count() AS posts, sumMap(p.repliers, arrayMap(other -> 1, p.repliers)) AS by_replier
        FROM own_posts AS p
        GROUP BY author, age
    )
    UNION ALL
    SELECT author, toUInt8(if(at_ms >= {from_ms:Int64}, 0, intDiv({from_ms:Int64} - 1 - at_ms, {window_ms:Int64}) + 1)) AS age, 0, 0, 0, count()
    FROM mentioned GROUP BY author, age
)
GROUP BY author, age
