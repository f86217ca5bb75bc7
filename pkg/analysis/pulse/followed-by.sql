following AS (
    SELECT subject_id, actor_id, tid, bitShiftRight(tid, 63) = 1 AS timeless, intDiv(toInt64(bitShiftRight(tid, 10)), 1000) AS at_ms
    FROM followers
    WHERE subject_id >= {lo:UInt64} AND subject_id <= {hi:UInt64} AND actor_id NOT IN (SELECT actor_id FROM inactive_accounts)
    GROUP BY subject_id, actor_id, tid
    HAVING argMax(deleted, version) = 0
)
