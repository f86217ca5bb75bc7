-- What quiet asks of one post.
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
            SELECT follows.tid
            FROM follows
            WHERE follows.actor_id = {viewer:UInt64} AND subject_id = {post_actor:UInt64}
            GROUP BY follows.tid
            HAVING argMax(deleted, version) = 0
        )
    ) AS is_followed,
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
            SELECT author_posts.tid
            FROM author_posts
            WHERE author_posts.actor_id = {post_actor:UInt64}
                AND author_posts.tid >= bitShiftLeft(toUInt64(now_ms - {window_days:UInt32} * 86400000) * 1000, 10)
            GROUP BY author_posts.tid
            HAVING argMax(deleted, version) = 0 AND argMax(at_ms, version) BETWEEN now_ms - {window_days:UInt32} * 86400000 AND now_ms
        )
    ) AS posted
SELECT line.1 AS name, line.2 AS ok, line.3 AS value, line.4 AS needs
FROM (SELECT arrayJoin([
    ('no reply', toUInt8(fact.2 = 0), if(fact.2 = 0, 'a post', 'a reply'), 'a post that replies to nothing'),
    ('age', toUInt8(now_ms >= fact.1 AND now_ms - fact.1 <= {window_days:UInt32} * 86400000), concat(toString(round(age_hours, 2)), ' hours'), concat('at most ', toString({window_days:UInt32}), ' days')),
    ('you follow the author', toUInt8(is_followed > 0), if(is_followed > 0, 'yes', 'no'), 'a follow'),
    ('no block between you', toUInt8(blocks = 0), if(blocks = 0, 'none', 'a block'), 'none'),
    ('not your own', toUInt8({post_actor:UInt64} != {viewer:UInt64}), if({post_actor:UInt64} = {viewer:UInt64}, 'your own', 'by somebody else'), 'somebody else''s post'),
    ('posts of the author', toUInt8(posted <= {max_posts:UInt32}), concat(toString(posted), ' in ', toString({window_days:UInt32}), ' days'), concat('at most ', toString({max_posts:UInt32})))
]) AS line)
