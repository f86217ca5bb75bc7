-- Whose posts a board shows: those the subject follows, and with `mutual` who also follow back. Never itself, nor an account
-- that is inactive, nor one on either side of a block. Every table is read by a prefix of its sort key, so the time depends on
-- the subject's follows and not on the size of the network. The newest version of a row decides (argMax), whatever is merged.
followed AS (
    SELECT subject_id AS id FROM follows WHERE actor_id = {subject:UInt64}
    GROUP BY subject_id, tid HAVING argMax(deleted, version) = 0
),
audience AS (
    SELECT DISTINCT id FROM followed
    WHERE id != {subject:UInt64}
      AND id NOT IN (SELECT actor_id FROM inactive_accounts)
      AND id NOT IN (
        SELECT subject_id FROM blocks WHERE actor_id = {subject:UInt64}
        GROUP BY subject_id, tid HAVING argMax(deleted, version) = 0)
      AND id NOT IN (
        SELECT actor_id FROM blocked_by WHERE subject_id = {subject:UInt64}
        GROUP BY actor_id, tid HAVING argMax(deleted, version) = 0)
      AND ({mutual:UInt8} = 0 OR id IN (
        SELECT actor_id FROM followers WHERE subject_id = {subject:UInt64} AND actor_id IN (SELECT id FROM followed)
        GROUP BY actor_id, tid HAVING argMax(deleted, version) = 0))
)
