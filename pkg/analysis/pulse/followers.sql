-- Followers at the end of each window, and those it gained. A key that is no TID (top bit set) has no time and was always there.
SELECT subject_id AS actor_id, toUInt8(window_age) AS age,
    uniqExactIf(actor, window_age = 0 OR timeless OR at_ms < {from_ms:Int64} - (window_age - 1) * {window_ms:Int64}) AS followers,
    uniqExactIf(actor, NOT timeless AND at_ms >= {from_ms:Int64} - window_age * {window_ms:Int64}
        AND at_ms < {from_ms:Int64} - (window_age - 1) * {window_ms:Int64}) AS gained
FROM (
    SELECT subject_id, actor_id AS actor, tid, bitShiftRight(tid, 63) = 1 AS timeless,
        intDiv(toInt64(bitShiftRight(tid, 10)), 1000) AS at_ms
    FROM followers
    WHERE subject_id >= {lo:UInt64} AND subject_id <= {hi:UInt64} AND actor NOT IN (SELECT actor_id FROM inactive_accounts)
    GROUP BY subject_id, actor, tid
    HAVING argMax(deleted, version) = 0
)
ARRAY JOIN [0, 1, 2] AS window_age
GROUP BY subject_id, window_age
