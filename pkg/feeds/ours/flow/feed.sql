-- What those followed react to now. Each of them counts once a post, by the latest reaction, halved every so many hours.
WITH
    toUnixTimestamp64Milli({now:DateTime64(3)}) AS now_ms,
    -- As far back as `records` reach: now is shorter where much happens.
    (SELECT count() FROM edges WHERE hour = intDiv(now_ms, 3600000) - 1) AS last_hour,
    now_ms - toInt64(3600000 * least({window_hours:UInt32}, greatest(1, {records:UInt32} / (1 + last_hour)))) AS since_ms,
    bitShiftLeft(toUInt64(since_ms) * 1000, 10) AS since_tid,
    bitShiftLeft(toUInt64(now_ms + 1) * 1000, 10) AS until_tid,
    engaged AS (
        SELECT subject_id AS author, subject_tid AS post, kind, edges.actor_id AS other, edges.tid AS record,
            exp2(-(now_ms - bitShiftRight(record, 10) / 1000) / (3600000 * {half_life_hours:Float64})) AS heat
        FROM edges
        WHERE hour BETWEEN intDiv(since_ms, 3600000) AND intDiv(now_ms, 3600000) AND other IN {viewer_follows:Array(UInt64)}
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
    )
-- Of a post and what quotes it, only the warmest is shown.
SELECT to_author AS actor_id, to_post AS tid, score, followed, likes, reposts, replies, quotes, repost.2 AS reposter_id,
    repost.1 AS repost_tid, sipHash64(if(about = (0, 0), (to_author, to_post), about)) AS one_of
FROM warm
