-- Those of some accounts who follow the subject.
SELECT DISTINCT actor_id AS id
FROM (
    SELECT actor_id
    FROM followers
    WHERE subject_id = {subject:UInt64} AND actor_id IN {ids:Array(UInt64)}
    GROUP BY actor_id, tid
    HAVING argMax(deleted, version) = 0
)
