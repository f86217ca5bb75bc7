SELECT author AS actor_id, age, sum(posts) AS posts, sum(skypoints) AS skypoints, sum(followers) AS followers, sum(gained) AS gained
FROM (
    SELECT author, age, count() AS posts, sum(p.skypoints) AS skypoints, 0 AS followers, 0 AS gained
    FROM own_posts AS p
    GROUP BY author, age
    UNION ALL
    SELECT subject_id AS author, toUInt8(window_age) AS age, 0, 0,
        uniqExactIf(actor_id, age = 0 OR timeless OR at_ms < {from_ms:Int64} - (window_age - 1) * {window_ms:Int64}),
        uniqExactIf(actor_id, NOT timeless AND at_ms >= {from_ms:Int64} - window_age * {window_ms:Int64}
            AND at_ms < {from_ms:Int64} - (window_age - 1) * {window_ms:Int64})
    FROM following ARRAY JOIN [0, 1, 2] AS window_age
    GROUP BY author, window_age
)
GROUP BY author, age
