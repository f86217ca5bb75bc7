-- What kudos asks of one post.
WITH
    toUnixTimestamp64Milli({now:DateTime64(3)}) AS now_ms,
    (
        SELECT argMax(at_ms, version) FROM author_posts
        WHERE author_posts.actor_id = {post_actor:UInt64} AND author_posts.tid = {post_tid:UInt64}
    ) AS at,
    (now_ms - at) / 3600000 AS age_hours,
    (
        SELECT count()
        FROM (
            SELECT DISTINCT subject_tid, kind
            FROM (
                SELECT subject_tid, kind
                FROM engagement
                WHERE subject_id = {viewer:UInt64} AND kind != 'post' AND engagement.actor_id = {post_actor:UInt64} AND engagement.actor_id != subject_id
                    AND subject_tid >= bitShiftLeft(toUInt64(now_ms - {reactions_days:UInt32} * 86400000) * 1000, 10)
                GROUP BY subject_tid, kind, engagement.tid
                HAVING argMax(deleted, version) = 0
            )
        )
    ) AS reactions
SELECT line.1 AS name, line.2 AS ok, line.3 AS value, line.4 AS needs
FROM (SELECT arrayJoin([
    ('age', toUInt8(now_ms >= at AND now_ms - at <= {window_hours:UInt32} * 3600000), concat(toString(round(age_hours, 2)), ' hours'), concat('at most ', toString({window_hours:UInt32}), ' hours')),
    ('reactions to you', toUInt8(reactions > 0), concat(toString(reactions), ' to what you posted in ', toString({reactions_days:UInt32}), ' days'), concat('one, and to be among the ', toString({engagers:UInt32}), ' who react most; at most ', toString({per_author:UInt32}), ' posts of each are shown'))
]) AS line)
