-- Writes down who of these accounts is inactive now, and of those who were, who is back. Asked after the accounts' own rows are
-- there, so whoever asks last sees them all, in whatever order they came. Of two states of one moment the active one holds, as
-- it does in `actors`.
INSERT INTO inactive_states (actor_id, version, status, deleted)
SELECT actor_id, 2 * tupleElement(newest, 1) + tupleElement(newest, 2), tupleElement(newest, 3), tupleElement(newest, 2)
FROM (
    SELECT actor_id, max(account) AS newest
    FROM actors
    WHERE actor_id IN {actors:Array(UInt64)}
    GROUP BY actor_id
)
WHERE tupleElement(newest, 1) > 0
  AND (tupleElement(newest, 2) = 0 OR actor_id IN (SELECT actor_id FROM inactive_states WHERE actor_id IN {actors:Array(UInt64)}))
