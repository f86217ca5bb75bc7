-- What mutuals asks of one post.
WITH
    toUnixTimestamp64Milli({now:DateTime64(3)}) AS now_ms,
    (
        SELECT argMax(at_ms, version) FROM author_posts
        WHERE author_posts.actor_id = {post_actor:UInt64} AND author_posts.tid = {post_tid:UInt64}
    ) AS at,
    (now_ms - at) / 3600000 AS age_hours,
    has({viewer_follows:Array(UInt64)}, {post_actor:UInt64}) AS is_followed,
    (
        SELECT count()
        FROM (
            SELECT followers.tid
            FROM followers
            WHERE subject_id = {viewer:UInt64} AND followers.actor_id = {post_actor:UInt64}
            GROUP BY followers.tid
            HAVING argMax(deleted, version) = 0
        )
    ) AS follows_back
SELECT line.1 AS name, line.2 AS ok, line.3 AS value, line.4 AS needs
FROM (SELECT arrayJoin([
    ('age', toUInt8(now_ms >= at AND now_ms - at <= {window_days:UInt32} * 86400000), concat(toString(round(age_hours, 2)), ' hours'), concat('at most ', toString({window_days:UInt32}), ' days')),
    ('you follow the author', toUInt8(is_followed), if(is_followed, 'yes', 'no'), 'a follow'),
    ('the author follows you', toUInt8(follows_back > 0), if(follows_back > 0, 'yes', 'no'), 'a follow')
]) AS line)
