-- What those followed react to now. Each of them counts once a post, by the latest reaction, halved every so many hours.
WITH
    toUnixTimestamp64Milli({now:DateTime64(3)}) AS now_ms,
    -- As far back as `records` reach: now is shorter where much happens.
    (SELECT count() FROM edges WHERE hour = intDiv(now_ms, 3600000) - 1) AS last_hour,
    now_ms - toInt64(3600000 * least({window_hours:UInt32}, greatest(1, {records:UInt32} / (1 + last_hour)))) AS since_ms,
    bitShiftLeft(toUInt64(since_ms) * 1000, 10) AS since_tid,
    bitShiftLeft(toUInt64(now_ms + 1) * 1000, 10) AS until_tid,
    followed AS (
        SELECT id
        FROM (
            SELECT subject_id AS id, max(follows.tid) AS since, 0 AS apart
            FROM follows
            WHERE follows.actor_id = {viewer:UInt64}
            GROUP BY id, follows.tid
            HAVING argMax(deleted, version) = 0
            UNION ALL
            SELECT other_id, 0, 1
            FROM blocked_pairs
            WHERE account_id = {viewer:UInt64}
            GROUP BY other_id, block
            HAVING bitAnd(max(state), 1) = 0
        )
        WHERE id != {viewer:UInt64} AND id NOT IN (SELECT inactive_accounts.actor_id FROM inactive_accounts)
        GROUP BY id
        HAVING max(apart) = 0
        ORDER BY max(since) DESC, id
        LIMIT {follows:UInt32}
    ),
    engaged AS (
        SELECT subject_id AS author, subject_tid AS post, kind, edges.actor_id AS other, edges.tid AS record,
            exp2(-(now_ms - bitShiftRight(record, 10) / 1000) / (3600000 * {half_life_hours:Float64})) AS heat
        FROM edges
        WHERE hour BETWEEN intDiv(since_ms, 3600000) AND intDiv(now_ms, 3600000) AND other IN (SELECT id FROM followed)
            AND record >= since_tid AND record < until_tid AND kind IN ('like', 'repost', 'reply', 'quote')
            AND other != author AND author != {viewer:UInt64}
        GROUP BY author, post, kind, other, record
        HAVING argMax(deleted, version) = 0
    ),
    -- A quote is a row of its own besides: it says what the quoting post is about.
    told AS (
        SELECT kind, heat, other, record,
            if(quoting, other, author) AS to_author, if(quoting, record, post) AS to_post,
            if(quoting, (author, post), (0, 0)) AS subject, NOT quoting AS counts
        FROM engaged
        ARRAY JOIN if(kind = 'quote', [0, 1], [0]) AS quoting
    ),
    warm AS (
        SELECT to_author, to_post, round(sum(hottest), 9) AS score, toUInt32(countIf(counted)) AS followed, toUInt32(sum(liked)) AS likes,
            toUInt32(sum(reposted)) AS reposts, toUInt32(sum(replied)) AS replies, toUInt32(sum(quoted)) AS quotes,
            max(newest_repost) AS repost, max(subjects) AS about
        FROM (
            SELECT to_author, to_post, other, maxIf(heat, counts) AS hottest, max(counts) AS counted,
                max(counts AND kind = 'like') AS liked, max(counts AND kind = 'repost') AS reposted,
                max(counts AND kind = 'reply') AS replied, max(counts AND kind = 'quote') AS quoted,
                max(if(kind = 'repost', (record, other), (0, 0))) AS newest_repost, max(subject) AS subjects
            FROM told
            GROUP BY to_author, to_post, other
        )
        GROUP BY to_author, to_post
        HAVING followed > 0
        ORDER BY score DESC, to_post DESC
        LIMIT {candidates:UInt32}
    ),
    -- Once for both that follow: a sub-query is worked out wherever it is named, a value only here.
    (SELECT groupArray((to_author, to_post, score, followed, likes, reposts, replies, quotes, repost, about)) FROM warm) AS warmest,
    roots AS (
        SELECT author_posts.actor_id AS root_author, author_posts.tid AS root_post, argMax(at_ms, version) AS at
        FROM author_posts
        WHERE (root_author, root_post) IN (SELECT row.1, row.2 FROM (SELECT arrayJoin(warmest) AS row))
            AND root_author NOT IN (SELECT inactive_accounts.actor_id FROM inactive_accounts)
            AND root_author NOT IN (
                SELECT other_id FROM blocked_pairs WHERE account_id = {viewer:UInt64}
                GROUP BY other_id, block HAVING bitAnd(max(state), 1) = 0
            )
        GROUP BY root_author, root_post
        HAVING argMax(deleted, version) = 0 AND argMax(reply_parent_id, version) = 0 AND at <= now_ms
    )
SELECT row.1 AS actor_id, row.2 AS tid, row.3 AS score, row.4 AS followed, row.5 AS likes, row.6 AS reposts, row.7 AS replies,
    row.8 AS quotes, row.9.2 AS reposter_id, row.9.1 AS repost_tid, (now_ms - at) / 3600000 AS age_hours
FROM (SELECT arrayJoin(warmest) AS row, row.1 AS author, row.2 AS post) AS w
INNER JOIN roots ON root_author = author AND root_post = post
-- Of a post and what quotes it, only the warmest.
ORDER BY score DESC, tid DESC
LIMIT 1 BY if(row.10 = (0, 0), (row.1, row.2), row.10)
