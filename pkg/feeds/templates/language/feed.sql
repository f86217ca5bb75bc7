-- Posts in some languages: the newest (`latest`), or those of the last hours by likes against age (`trending`, as templates/trending).
WITH
    toUnixTimestamp64Milli({now:DateTime64(3)}) AS now_ms,
    now_ms - {window_hours:UInt32} * 3600000 AS since_ms,
    bitShiftLeft(toUInt64(since_ms) * 1000, 10) AS since_tid,
    bitShiftLeft(toUInt64(now_ms + 1) * 1000, 10) AS until_tid,
    (SELECT count() FROM edges WHERE hour BETWEEN intDiv(since_ms, 3600000) AND intDiv(now_ms, 3600000)) AS records,
    if(records <= {sample:UInt32}, 18446744073709551615, toUInt64(18446744073709549568. * {sample:UInt32} / records)) AS last_id,
    written AS (
        SELECT posts.actor_id AS author, posts.tid AS post, toUnixTimestamp64Milli(sort_at) AS at
        FROM posts
        WHERE (day >= toDate(toUInt16(intDiv(since_ms, 86400000))) OR day = '1970-01-01') AND posts.deleted = 0
            AND at >= since_ms AND at <= now_ms AND reply_parent_id = 0
            AND hasAny(arrayMap(lang -> lower(splitByChar('-', lang)[1]), langs), {langs:Array(String)})
    ),
    -- Chosen before it is known whether they still stand and which language they are in by now.
    (
        SELECT groupArray(pair)
        FROM (
            SELECT (author, post) AS pair
            FROM (
                SELECT author, post, toFloat64(max(at)) AS promise
                FROM written
                WHERE {mode:String} = 'latest'
                GROUP BY author, post
                UNION ALL
                SELECT subject_id, subject_tid,
                    toFloat64(count()) / pow(greatest(0, now_ms - toInt64(intDiv(bitShiftRight(subject_tid, 10), 1000))) / 3600000 + 2, 1.8)
                FROM edges
                WHERE {mode:String} = 'trending' AND hour BETWEEN intDiv(since_ms, 3600000) AND intDiv(now_ms, 3600000)
                    AND edges.actor_id <= last_id AND kind = 'like' AND edges.tid >= since_tid AND edges.tid < until_tid
                    AND (subject_id, subject_tid) IN (SELECT author, post FROM written WHERE {mode:String} = 'trending')
                GROUP BY subject_id, subject_tid
            )
            ORDER BY promise DESC
            LIMIT {candidates:UInt32}
        )
    ) AS candidates,
    roots AS (
        SELECT author_posts.actor_id AS author, author_posts.tid AS post, argMax(at_ms, version) AS at
        FROM author_posts
        WHERE (author_posts.actor_id, author_posts.tid) IN (SELECT one.1, one.2 FROM (SELECT arrayJoin(candidates) AS one))
            AND author NOT IN (SELECT inactive_accounts.actor_id FROM inactive_accounts)
        GROUP BY author, post
        HAVING argMax(deleted, version) = 0 AND argMax(reply_parent_id, version) = 0 AND at >= since_ms AND at <= now_ms
            AND hasAny(argMax(langs, version), {langs:Array(String)})
    ),
    counts AS (
        SELECT author, post, toInt64(uniqExact(other)) AS likes
        FROM (
            SELECT subject_id AS author, subject_tid AS post, engagement.actor_id AS other
            FROM engagement
            WHERE {mode:String} = 'trending' AND (subject_id, subject_tid) IN (SELECT one.1, one.2 FROM (SELECT arrayJoin(candidates) AS one))
                AND kind = 'like' AND engagement.tid >= since_tid AND engagement.tid < until_tid AND other != author
            GROUP BY author, post, other, engagement.tid
            HAVING argMax(deleted, version) = 0
        )
        WHERE other NOT IN (SELECT inactive_accounts.actor_id FROM inactive_accounts)
        GROUP BY author, post
    )
SELECT r.author AS actor_id, r.post AS tid, (now_ms - r.at) / 3600000 AS age_hours, c.likes AS likes,
    if({mode:String} = 'latest', toFloat64(r.at), (c.likes - 1) / pow(age_hours + 2, 1.8)) AS score
FROM roots AS r
LEFT JOIN counts AS c ON c.author = r.author AND c.post = r.post
WHERE {mode:String} = 'latest' OR c.likes >= {min_likes:UInt32}
