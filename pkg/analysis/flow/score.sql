SELECT author AS actor_id, age, sum(posts) AS posts, groupUniqArrayArray(slots) AS slots, sumMap(hours, points) AS by_hour
FROM (
    SELECT actor_id AS author, age, count() AS posts,
        groupUniqArray(intDiv(24 * (at_ms - {from_ms:Int64} + age * {window_ms:Int64}), {window_ms:Int64})) AS slots,
        CAST([], 'Array(UInt8)') AS hours, CAST([], 'Array(UInt64)') AS points
    FROM own_posts GROUP BY author, age
    UNION ALL
    SELECT author, age, 0, CAST([], 'Array(Int64)'),
        [toUInt8(intDiv(at_ms, 3600000) % 24)], [toUInt64(skypoints)]
    FROM posts_got
)
GROUP BY author, age
