-- Takes back every edge that a newer version of its record no longer has. For the given records it lays their edges beside
-- their whole history (edges and revisions): an edge older than the newest version, and not yet taken back, gets a
-- tombstone of that version. A function of what the tables hold, so it can run twice, late, or after any crash.
INSERT INTO edges (actor_id, tid, kind, subject_id, subject_tid, version, deleted)
WITH wanted AS
(
    SELECT
        toDate(toUInt16(if(bitShiftRight(tid, 63) = 1, 0, least(intDiv(bitShiftRight(tid, 10), 86400000000), 65535)))) AS day,
        actor_id,
        tid
    FROM
    (
        SELECT pair.1 AS actor_id, pair.2 AS tid
        FROM (SELECT arrayJoin(arrayZip({actors:Array(UInt64)}, {keys:Array(UInt64)})) AS pair)
    )
)
SELECT edge.actor_id, edge.tid, edge.kind, edge.subject_id, edge.subject_tid, history.newest, 1
FROM
(
    SELECT
        actor_id, tid, kind, subject_id, subject_tid,
        if(kind IN ('reply', 'quote'), 'post', toString(kind)) AS collection,
        max(version) AS last_version,
        argMax(deleted, version) AS is_dead
    FROM edges
    WHERE (day, actor_id, tid) IN (SELECT day, actor_id, tid FROM wanted)
    GROUP BY actor_id, tid, kind, subject_id, subject_tid
) AS edge
INNER JOIN
(
    SELECT actor_id, tid, collection, max(version) AS newest
    FROM
    (
        SELECT actor_id, tid, if(kind IN ('reply', 'quote'), 'post', toString(kind)) AS collection, version
        FROM edges
        WHERE (day, actor_id, tid) IN (SELECT day, actor_id, tid FROM wanted)
        UNION ALL
        SELECT actor_id, tid, toString(collection) AS collection, version
        FROM record_revisions
        WHERE (day, actor_id, tid) IN (SELECT day, actor_id, tid FROM wanted)
    )
    GROUP BY actor_id, tid, collection
) AS history ON edge.actor_id = history.actor_id AND edge.tid = history.tid AND edge.collection = history.collection
WHERE edge.last_version < history.newest AND edge.is_dead = 0
