-- Whom the subject follows: never itself, nor an account on either side of a block with it. Both lists are read by a prefix of
-- their sort key, so the time depends on the subject's follows and not on the size of the network. The newest version of a
-- row decides (argMax), whatever is merged.
SELECT id
FROM (
    SELECT subject_id AS id, 1 AS followed, 0 AS apart
    FROM follows
    WHERE actor_id = {subject:UInt64}
    GROUP BY subject_id, tid
    HAVING argMax(deleted, version) = 0
    UNION ALL
    SELECT other_id, 0, 1
    FROM blocked_pairs
    WHERE account_id = {subject:UInt64}
    GROUP BY other_id, block
    HAVING bitAnd(max(state), 1) = 0
)
WHERE id != {subject:UInt64}
GROUP BY id
HAVING max(followed) = 1 AND max(apart) = 0
ORDER BY id
