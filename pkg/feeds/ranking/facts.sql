-- What is known about some posts and about the accounts behind them, in rows of four kinds laid under each other: joined, each of
-- the tables would be searched for the ids of the others. The posts are given as pairs: an author's other posts are not read. Their
-- days say only which parts need not be opened.
SELECT 'post' AS kind, actor_id AS id, tid AS key, argMax(deleted, version) AS flag, '' AS text,
    argMax(langs, version) AS langs, argMax(tags, version) AS tags, argMax(labels, version) AS labels
FROM author_posts
WHERE (actor_id, tid) IN arrayZip({ids:Array(UInt64)}, {tids:Array(UInt64)})
    AND indexHint(day IN {days:Array(Date)})
GROUP BY actor_id, tid
UNION ALL
SELECT 'account' AS kind, actor_id AS id, 0 AS key, 0 AS flag, max(did) AS text, [] AS langs, [] AS tags, [] AS labels
FROM actors
WHERE actor_id IN {unnamed:Array(UInt64)}
GROUP BY actor_id
UNION ALL
SELECT 'inactive' AS kind, actor_id AS id, 0 AS key, argMax(deleted, version) AS flag, '' AS text, [] AS langs, [] AS tags, [] AS labels
FROM inactive_states
WHERE actor_id IN {accounts:Array(UInt64)}
GROUP BY actor_id
UNION ALL
SELECT 'odd_key' AS kind, 0 AS id, key AS key, 0 AS flag, any(rkey) AS text, [] AS langs, [] AS tags, [] AS labels
FROM odd_keys
WHERE key IN {odd:Array(UInt64)}
GROUP BY key
