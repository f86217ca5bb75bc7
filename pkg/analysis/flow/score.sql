SELECT author AS actor_id, age, count() AS posts,
    groupUniqArray(intDiv(24 * (at_ms - {from_ms:Int64} + age * {window_ms:Int64}), {window_ms:Int64})) AS slots,
    sumMap([toUInt8(intDiv(at_ms, 3600000) % 24)], [skypoints]) AS by_hour
FROM own_posts
GROUP BY author, age
