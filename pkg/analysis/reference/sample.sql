-- The accounts with a live post in the window, lowest ids first: ids are salted hashes, so the lowest are a fair sample.
SELECT subject_id AS actor_id
FROM (
    SELECT subject_id, subject_tid, argMax(tid, version) AS at_ms
    FROM engagement
    WHERE subject_id <= {hi:UInt64} AND subject_tid >= {since_tid:UInt64} AND kind = 'post'
      AND indexHint(subject_day >= toDate({since_day:Date}) OR subject_day = '1970-01-01')
    GROUP BY subject_id, subject_tid
    HAVING argMax(deleted, version) = 0 AND at_ms >= {from_ms:Int64} AND at_ms < {to_ms:Int64}
)
WHERE actor_id NOT IN (SELECT actor_id FROM inactive_accounts)
GROUP BY actor_id
ORDER BY actor_id
LIMIT {most:UInt32}
