-- What pulse asks of one post.
WITH
    toUnixTimestamp64Milli({now:DateTime64(3)}) AS now_ms,
    (
        SELECT tuple(argMax(at_ms, version), argMax(reply_parent_id, version), argMax(langs, version))
        FROM author_posts
        WHERE author_posts.actor_id = {post_actor:UInt64} AND author_posts.tid = {post_tid:UInt64}
    ) AS fact,
    (now_ms - fact.1) / 3600000 AS age_hours,
    now_ms - {window_minutes:UInt32} * 60000 AS middle_ms,
    bitShiftLeft(toUInt64(middle_ms) * 1000, 10) AS middle_tid,
    bitShiftLeft(toUInt64(now_ms - {window_minutes:UInt32} * 120000) * 1000, 10) AS since_tid,
    bitShiftLeft(toUInt64(now_ms + 1) * 1000, 10) AS until_tid,
    (
        SELECT tuple(uniqExactIf(other, record >= middle_tid), uniqExactIf(other, record < middle_tid))
        FROM (
            SELECT kind, engagement.actor_id AS other, engagement.tid AS record
            FROM engagement
            WHERE subject_id = {post_actor:UInt64} AND subject_tid = {post_tid:UInt64} AND kind IN ('like', 'repost', 'reply', 'quote') AND other != subject_id AND record >= since_tid AND record < until_tid
            GROUP BY kind, other, record
            HAVING argMax(deleted, version) = 0
        )
        WHERE other NOT IN (SELECT inactive_accounts.actor_id FROM inactive_accounts)
    ) AS reacted
SELECT line.1 AS name, line.2 AS ok, line.3 AS value, line.4 AS needs
FROM (SELECT arrayJoin([
    ('no reply', toUInt8(fact.2 = 0), if(fact.2 = 0, 'a post', 'a reply'), 'a post that replies to nothing'),
    ('accounts that reacted lately', toUInt8(reacted.1 >= {min_recent:UInt32}), concat(toString(reacted.1), ' in ', toString({window_minutes:UInt32}), ' minutes'), toString({min_recent:UInt32})),
    ('rising', toUInt8(reacted.1 > reacted.2), concat(toString(reacted.1), ' after ', toString(reacted.2)), 'more than in as many minutes before')
]) AS line)
