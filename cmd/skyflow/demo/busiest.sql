-- Who to show a demo with: of the accounts that posted in the last day and follow at least three others, the one whose posts
-- got most reactions.
WITH busy AS
(
    SELECT actor_id, any(did) AS did, any(handle) AS handle, sum(likes + replies + reposts) AS skypoints
    FROM recent_posts_with_score
    GROUP BY actor_id
)
SELECT busy.did AS did, busy.handle AS handle, toUInt32(busy.skypoints) AS skypoints
FROM busy
INNER JOIN
(
    SELECT actor_id, uniqExact(subject_id) AS following
    FROM follows FINAL
    WHERE actor_id IN (SELECT actor_id FROM busy)
    GROUP BY actor_id
    HAVING following >= 3
) AS follower ON follower.actor_id = busy.actor_id
WHERE busy.skypoints > 0
ORDER BY busy.skypoints DESC, busy.did
LIMIT 1
