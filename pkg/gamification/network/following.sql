-- The DIDs of the live, active accounts that one follows, the newest follow first.
SELECT names.did AS did
FROM (
    SELECT id, max(since) AS since
    FROM (
        SELECT subject_id AS id, follows.tid AS since
        FROM follows
        WHERE actor_id = {id:UInt64}
        GROUP BY id, since
        HAVING argMax(deleted, version) = 0
    )
    WHERE id != {id:UInt64} AND id NOT IN (SELECT inactive_accounts.actor_id FROM inactive_accounts)
    GROUP BY id
    ORDER BY since DESC, id
    LIMIT {most:UInt32}
) AS followed
INNER JOIN (
    SELECT actor_id AS id, max(actors.did) AS did
    FROM actors
    WHERE actor_id IN (SELECT subject_id FROM follows WHERE follows.actor_id = {id:UInt64})
    GROUP BY id
) AS names ON names.id = followed.id
WHERE names.did != ''
ORDER BY followed.since DESC, followed.id
