-- Counts one day anew. Both tables are read by the front of their sort key. Zeros are written too: they replace what a day
-- had before its records were deleted.
INSERT INTO daily_stats (day, metric, value, computed_at)
SELECT
    {day:Date},
    counted.1,
    counted.2,
    -- Always above what is there, even if the clock was set back.
    greatest(now64(6), (SELECT max(computed_at) FROM daily_stats WHERE day = {day:Date}) + toIntervalMicrosecond(1))
FROM
(
    SELECT arrayJoin(
    [
        ('posts', countIf(what = 0)),
        ('replies', countIf(is_reply)),
        ('quotes', countIf(is_quote)),
        ('likes', countIf(what = 1)),
        ('reposts', countIf(what = 2)),
        ('follows', countIf(what = 5)),
        ('blocks', countIf(what = 6)),
        ('active_accounts', uniqExact(actor_id))
    ]) AS counted
    FROM
    (
        SELECT actor_id, toUInt8(0) AS what, reply_parent_id != 0 AS is_reply, quote_id != 0 AS is_quote
        FROM posts FINAL
        WHERE day = {day:Date} AND bitShiftRight(tid, 63) = 0
        UNION ALL
        SELECT actor_id, toUInt8(kind) AS what, 0 AS is_reply, 0 AS is_quote
        FROM edges FINAL
        WHERE hour >= toUInt32(toUInt16({day:Date})) * 24
            AND hour < (toUInt32(toUInt16({day:Date})) + 1) * 24
            AND bitShiftRight(tid, 63) = 0
            AND kind IN ('like', 'repost', 'follow', 'block')
    )
)
