-- Whom an account follows, the newest first: never itself, nor inactive accounts, nor those on either side of a block with it.
SELECT id
FROM (
    SELECT subject_id AS id, max(follows.tid) AS since, 0 AS apart
    FROM follows
    WHERE actor_id = {viewer:UInt64}
    GROUP BY id, follows.tid
    HAVING argMax(deleted, version) = 0
    UNION ALL
    SELECT other_id, 0, 1
    FROM blocked_pairs
    WHERE account_id = {viewer:UInt64}
    GROUP BY other_id, block
    HAVING bitAnd(max(state), 1) = 0
)
WHERE id != {viewer:UInt64} AND id NOT IN (SELECT inactive_accounts.actor_id FROM inactive_accounts)
GROUP BY id
HAVING max(apart) = 0
ORDER BY max(since) DESC, id
LIMIT {most:UInt32}
