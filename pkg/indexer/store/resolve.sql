-- Takes back every edge that a newer version of its record no longer has. For the given records it lays their edges beside
-- their whole history (edges and revisions): an edge older than the newest version gets a tombstone of that version. One that
-- has its tombstone already gets it again: a process killed between `edges` and the tables derived from it leaves them without.
-- A function of what the tables hold, so it can run twice, late, or after any crash.
INSERT INTO edges (actor_id, tid, kind, subject_id, subject_tid, version, deleted)
WITH wanted AS
(
    SELECT
        toUInt32(if(bitShiftRight(tid, 63) = 1, 0, intDiv(bitShiftRight(tid, 10), 3600000000))) AS hour,
        actor_id,
        tid
    FROM
    (
        SELECT pair.1 AS actor_id, pair.2 AS tid
        FROM (SELECT arrayJoin(arrayZip({actors:Array(UInt64)}, {keys:Array(UInt64)})) AS pair)
    )
)
SELECT actor_id, tid, kind, subject_id, subject_tid, newest, 1
FROM
(
    SELECT *, max(last_version) OVER (PARTITION BY actor_id, tid, collection) AS newest
    FROM
    (
        SELECT
            actor_id, tid, kind, subject_id, subject_tid,
            if(kind IN ('reply', 'quote'), 'post', toString(kind)) AS collection,
            max(version) AS last_version,
            argMax(deleted, version) AS is_dead,
            1 AS is_edge
        FROM edges
        WHERE (hour, actor_id, tid) IN (SELECT hour, actor_id, tid FROM wanted)
        GROUP BY actor_id, tid, kind, subject_id, subject_tid
        UNION ALL
        -- A revision has no subject: it only makes the history longer. The kind is a placeholder, never inserted.
        SELECT actor_id, tid, 'like' AS kind, 0 AS subject_id, 0 AS subject_tid, toString(collection), version, 1, 0
        FROM record_revisions
        WHERE (hour, actor_id, tid) IN (SELECT hour, actor_id, tid FROM wanted)
    )
)
WHERE is_edge AND (last_version < newest OR is_dead)
