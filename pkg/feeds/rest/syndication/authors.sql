-- Who some accounts are. Whoever asks to be shown to nobody without an account says so by a label on the own profile.
SELECT id, max(name) AS handle, max(shy) AS is_shy
FROM (
    SELECT actor_id AS id, tupleElement(max(actors.handle), 2) AS name, toUInt8(0) AS shy
    FROM actors
    WHERE actor_id IN {ids:Array(UInt64)}
    GROUP BY actor_id
    UNION ALL
    SELECT actor_id AS id, '' AS name, toUInt8(has(argMax(labels, version), '!no-unauthenticated') AND argMax(deleted, version) = 0) AS shy
    FROM profiles
    WHERE actor_id IN {ids:Array(UInt64)}
    GROUP BY actor_id
)
GROUP BY id
