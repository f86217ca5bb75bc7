-- Accounts by the last handle that an event gave them, the one that got it last first. The inner query is what the index
-- on handles can answer; it reads any one row of an account, so the outer one looks again at the newest.
SELECT
    did,
    tupleElement(actors.handle, 2) AS handle
FROM actors FINAL
WHERE actor_id IN (SELECT actor_id FROM actors WHERE handle.handle = {handle:String})
    AND tupleElement(actors.handle, 2) = {handle:String}
ORDER BY tupleElement(actors.handle, 1) DESC, did
LIMIT 1
