-- What templates/members asks of one post.
WITH
    toUnixTimestamp64Milli({now:DateTime64(3)}) AS now_ms,
    (
        SELECT tuple(argMax(at_ms, version), argMax(reply_parent_id, version), argMax(langs, version))
        FROM author_posts
        WHERE author_posts.actor_id = {post_actor:UInt64} AND author_posts.tid = {post_tid:UInt64}
    ) AS fact,
    (now_ms - fact.1) / 3600000 AS age_hours
SELECT line.1 AS name, line.2 AS ok, line.3 AS value, line.4 AS needs
FROM (SELECT arrayJoin([
    ('a member wrote it', toUInt8(has({members:Array(UInt64)}, {post_actor:UInt64})), if(has({members:Array(UInt64)}, {post_actor:UInt64}), 'yes', 'no'), 'the author on the feed''s list'),
    ('age', toUInt8(now_ms >= fact.1 AND now_ms - fact.1 <= {window_days:UInt32} * 86400000), concat(toString(round(age_hours, 2)), ' hours'), concat('at most ', toString({window_days:UInt32}), ' days')),
    ('no reply', toUInt8({replies:UInt8} = 1 OR fact.2 = 0), if(fact.2 = 0, 'a post', 'a reply'), if({replies:UInt8} = 1, 'a post or a reply', 'a post that replies to nothing'))
]) AS line)
