-- Posts to which more accounts react than just before: (r - b) / sqrt(r + b + 1) of those of the last minutes (r) and of as many minutes
-- before (b). That is the difference against how far chance alone moves it: neither 2 after 0 wins nor 1,010 after 1,000.
WITH
    toUnixTimestamp64Milli({now:DateTime64(3)}) AS now_ms,
    now_ms - {window_minutes:UInt32} * 60000 AS middle_ms,
    now_ms - {window_minutes:UInt32} * 120000 AS since_ms,
    bitShiftLeft(toUInt64(since_ms) * 1000, 10) AS since_tid,
    bitShiftLeft(toUInt64(middle_ms) * 1000, 10) AS middle_tid,
    bitShiftLeft(toUInt64(now_ms + 1) * 1000, 10) AS until_tid,
    -- A sample of the accounts says what rises, as in templates/trending.
    (SELECT count() FROM edges WHERE hour BETWEEN intDiv(since_ms, 3600000) AND intDiv(now_ms, 3600000)) AS records,
    if(records <= {sample:UInt32}, 18446744073709551615, toUInt64(18446744073709549568. * {sample:UInt32} / records)) AS last_id,
    candidates AS (
        SELECT subject_id, subject_tid, toInt64(countIf(edges.tid >= middle_tid)) AS late, toInt64(countIf(edges.tid < middle_tid)) AS early
        FROM edges
        WHERE hour BETWEEN intDiv(since_ms, 3600000) AND intDiv(now_ms, 3600000) AND edges.actor_id <= last_id
            AND kind IN ('like', 'repost', 'reply', 'quote') AND edges.tid >= since_tid AND edges.tid < until_tid
        GROUP BY subject_id, subject_tid
        ORDER BY (late - early) / sqrt(late + early + 1) DESC
        LIMIT {candidates:UInt32}
    ),
    -- Once for both that follow: a sub-query is worked out wherever it is named, a value only here.
    (SELECT groupArray((subject_id, subject_tid)) FROM candidates) AS chosen,
    counts AS (
        SELECT author, post, uniqExactIf(other, record >= middle_tid) AS recent, uniqExactIf(other, record < middle_tid) AS before
        FROM (
            SELECT subject_id AS author, subject_tid AS post, kind, engagement.actor_id AS other, engagement.tid AS record
            FROM engagement
            WHERE (subject_id, subject_tid) IN (SELECT one.1, one.2 FROM (SELECT arrayJoin(chosen) AS one))
                AND kind IN ('like', 'repost', 'reply', 'quote') AND record >= since_tid AND record < until_tid AND other != author
            GROUP BY author, post, kind, other, record
            HAVING argMax(deleted, version) = 0
        )
        WHERE other NOT IN (SELECT inactive_accounts.actor_id FROM inactive_accounts)
        GROUP BY author, post
    ),
    roots AS (
        SELECT author_posts.actor_id AS author, author_posts.tid AS post, argMax(at_ms, version) AS at,
            argMax(arrayElement(langs, 1), version) AS lang
        FROM author_posts
        WHERE (author_posts.actor_id, author_posts.tid) IN (SELECT one.1, one.2 FROM (SELECT arrayJoin(chosen) AS one))
            AND author NOT IN (SELECT inactive_accounts.actor_id FROM inactive_accounts)
        GROUP BY author, post
        HAVING argMax(deleted, version) = 0 AND argMax(reply_parent_id, version) = 0 AND at <= now_ms
    )
SELECT r.author AS actor_id, r.post AS tid, (toInt64(recent) - toInt64(before)) / sqrt(recent + before + 1) AS score,
    toUInt32(c.recent) AS recent, toUInt32(c.before) AS before, (now_ms - r.at) / 3600000 AS age_hours
FROM counts AS c
INNER JOIN roots AS r ON r.author = c.author AND r.post = c.post
WHERE c.recent >= {min_recent:UInt32} AND c.recent > c.before
-- No language takes all the places: whoever reads another finds its posts further down.
ORDER BY score DESC, tid DESC
LIMIT {per_language:UInt32} BY r.lang
