SELECT author AS actor_id, age, sum(posts) AS posts, sum(repliers) AS repliers, sum(returning) AS returning, sum(mentions) AS mentions
FROM (
    SELECT actor_id AS author, age, count() AS posts, 0 AS repliers, 0 AS returning, 0 AS mentions FROM own_posts GROUP BY author, age
    UNION ALL
    SELECT author, age, 0, count(), countIf(answered > 1), 0
    FROM (SELECT author, age, other, uniqExact(post) AS answered FROM reactions WHERE kind = 'reply' GROUP BY author, age, other)
    GROUP BY author, age
    UNION ALL
    SELECT author, toUInt8(if(at_ms >= {from_ms:Int64}, 0, intDiv({from_ms:Int64} - 1 - at_ms, {window_ms:Int64}) + 1)) AS age, 0, 0, 0, count()
    FROM mentioned GROUP BY author, age
)
GROUP BY author, age
