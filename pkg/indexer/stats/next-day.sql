-- The first day from {day} on for which there is anything, deleted or not: the first row of each table in its own order.
SELECT min(day) AS day, count() AS found
FROM
(
    SELECT day FROM (SELECT day FROM posts WHERE day >= {day:Date} ORDER BY day LIMIT 1)
    UNION ALL
    SELECT toDate(toUInt16(least(intDiv(hour, 24), 65535))) AS day
    FROM (SELECT hour FROM edges WHERE hour >= toUInt32(toUInt16({day:Date})) * 24 ORDER BY hour LIMIT 1)
    UNION ALL
    SELECT day FROM (SELECT day FROM daily_stats WHERE day >= {day:Date} ORDER BY day LIMIT 1)
)
