-- What flow asks of one post, besides being the warmest of those about the same.
WITH
    toUnixTimestamp64Milli({now:DateTime64(3)}) AS now_ms,
    bitShiftLeft(toUInt64(now_ms - {window_hours:UInt32} * 3600000) * 1000, 10) AS since_tid,
    bitShiftLeft(toUInt64(now_ms + 1) * 1000, 10) AS until_tid,
    {post_actor:UInt64} = {viewer:UInt64} AS is_own,
    (
        SELECT uniqExact(other)
        FROM (
            SELECT kind, engagement.actor_id AS other, engagement.tid AS record
            FROM engagement
            WHERE subject_id = {post_actor:UInt64} AND subject_tid = {post_tid:UInt64} AND kind IN ('like', 'repost', 'reply', 'quote')
                AND other != subject_id AND record >= since_tid AND record < until_tid AND other IN {viewer_follows:Array(UInt64)}
            GROUP BY kind, other, record
            HAVING argMax(deleted, version) = 0
        )
    ) AS followed
SELECT line.1 AS name, line.2 AS ok, line.3 AS value, line.4 AS needs
FROM (SELECT arrayJoin([
    ('not your own', toUInt8(NOT is_own), if(is_own, 'your own', 'by somebody else'), 'somebody else''s post'),
    ('reactions of those you follow', toUInt8(followed > 0), concat(toString(followed), ' accounts in ', toString({window_hours:UInt32}), ' hours'), 'one')
]) AS line)
