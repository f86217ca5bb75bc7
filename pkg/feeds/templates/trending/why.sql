-- What templates/trending asks of one post.
WITH
    toUnixTimestamp64Milli({now:DateTime64(3)}) AS now_ms,
    (
        SELECT tuple(argMax(at_ms, version), argMax(reply_parent_id, version), argMax(langs, version))
        FROM author_posts
        WHERE author_posts.actor_id = {post_actor:UInt64} AND author_posts.tid = {post_tid:UInt64}
    ) AS fact,
    (now_ms - fact.1) / 3600000 AS age_hours,
    bitShiftLeft(toUInt64(now_ms - {window_minutes:UInt32} * 60000) * 1000, 10) AS since_tid,
    bitShiftLeft(toUInt64(now_ms + 1) * 1000, 10) AS until_tid,
    (
        SELECT uniqExact(other)
        FROM (
            SELECT kind, engagement.actor_id AS other, engagement.tid AS record
            FROM engagement
            WHERE subject_id = {post_actor:UInt64} AND subject_tid = {post_tid:UInt64} AND kind IN ('like') AND other != subject_id AND record >= since_tid AND record < until_tid
            GROUP BY kind, other, record
            HAVING argMax(deleted, version) = 0
        )
        WHERE other NOT IN (SELECT inactive_accounts.actor_id FROM inactive_accounts)
    ) AS likes
SELECT line.1 AS name, line.2 AS ok, line.3 AS value, line.4 AS needs
FROM (SELECT arrayJoin([
    ('no reply', toUInt8(fact.2 = 0), if(fact.2 = 0, 'a post', 'a reply'), 'a post that replies to nothing'),
    ('age', toUInt8(now_ms >= fact.1 AND now_ms - fact.1 <= {max_age_hours:UInt32} * 3600000), concat(toString(round(age_hours, 2)), ' hours'), concat('at most ', toString({max_age_hours:UInt32}), ' hours')),
    ('likes', toUInt8(likes >= 2), concat(toString(likes), ' of the last ', toString({window_minutes:UInt32}), ' minutes'), concat(toString({min_likes:UInt32}), ', or 2 and to be among the ', toString({fill:UInt32}), ' most liked'))
]) AS line)
