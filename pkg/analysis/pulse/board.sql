-- Posts of the window and of the window before: these as they stood when it ended, with what was there by then (`early`). Keys
-- that are no TID (top bit set) have no time and were always there.
SELECT author AS actor_id, countIf(here) AS posts, maxIf(at_ms, here) AS newest_ms,
    sumIf(later, here) AS skypoints, sumIf(earlier, NOT here) AS previous_skypoints
FROM (
    SELECT author, maxIf(posted, kind = 'post') AS at_ms, at_ms >= {from_ms:Int64} AS here,
        uniqExactIf(other, kind = 'like') + countIf(kind = 'reply') + uniqExactIf(other, kind = 'repost') AS later,
        uniqExactIf(other, kind = 'like' AND early) + countIf(kind = 'reply' AND early)
            + uniqExactIf(other, kind = 'repost' AND early) AS earlier
    FROM (
        SELECT *, bitShiftRight(key, 63) = 1 OR bitShiftRight(key, 10) < {from_ms:Int64} * 1000 AS early
        FROM audience_rows
    )
    GROUP BY author, post
    HAVING at_ms >= {since_ms:Int64} AND at_ms < {to_ms:Int64}
)
GROUP BY author
HAVING skypoints > 0
ORDER BY (1 + skypoints) / (1 + previous_skypoints) DESC, skypoints DESC, newest_ms DESC
LIMIT 10 WITH TIES
