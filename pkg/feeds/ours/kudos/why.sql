-- What kudos asks of one post.
WITH
    toUnixTimestamp64Milli({now:DateTime64(3)}) AS now_ms,
    (
        SELECT tuple(argMax(at_ms, version), argMax(reply_parent_id, version), argMax(langs, version))
        FROM author_posts
        WHERE author_posts.actor_id = {post_actor:UInt64} AND author_posts.tid = {post_tid:UInt64}
    ) AS fact,
    (now_ms - fact.1) / 3600000 AS age_hours,
    (
        SELECT count()
        FROM (
            SELECT block
            FROM blocked_pairs
            WHERE account_id = {viewer:UInt64} AND other_id = {post_actor:UInt64}
            GROUP BY block
            HAVING bitAnd(max(state), 1) = 0
        )
    ) AS blocks,
    (
        SELECT count()
        FROM (
            SELECT DISTINCT subject_tid, kind
            FROM (
                SELECT subject_tid, kind
                FROM engagement
                WHERE subject_id = {viewer:UInt64} AND kind != 'post' AND engagement.actor_id = {post_actor:UInt64}
                    AND subject_tid >= bitShiftLeft(toUInt64(now_ms - {reactions_days:UInt32} * 86400000) * 1000, 10)
                GROUP BY subject_tid, kind, engagement.tid
                HAVING argMax(deleted, version) = 0
            )
        )
    ) AS reactions
SELECT line.1 AS name, line.2 AS ok, line.3 AS value, line.4 AS needs
FROM (SELECT arrayJoin([
    ('no reply', toUInt8(fact.2 = 0), if(fact.2 = 0, 'a post', 'a reply'), 'a post that replies to nothing'),
    ('age', toUInt8(now_ms >= fact.1 AND now_ms - fact.1 <= {window_hours:UInt32} * 3600000), concat(toString(round(age_hours, 2)), ' hours'), concat('at most ', toString({window_hours:UInt32}), ' hours')),
    ('no block between you', toUInt8(blocks = 0), if(blocks = 0, 'none', 'a block'), 'none'),
    ('not your own', toUInt8({post_actor:UInt64} != {viewer:UInt64}), if({post_actor:UInt64} = {viewer:UInt64}, 'your own', 'by somebody else'), 'somebody else''s post'),
    ('reactions to you', toUInt8(reactions > 0), concat(toString(reactions), ' to what you posted in ', toString({reactions_days:UInt32}), ' days'), concat('one, and to be among the ', toString({engagers:UInt32}), ' who react most; at most ', toString({per_author:UInt32}), ' posts of each are shown'))
]) AS line)
