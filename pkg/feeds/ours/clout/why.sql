-- What clout asks of one post, besides being the best of its author.
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
            SELECT kind, engagement.actor_id AS other, engagement.tid AS record
            FROM engagement
            WHERE subject_id = {post_actor:UInt64} AND subject_tid = {post_tid:UInt64} AND kind IN ('like', 'repost', 'reply') AND other != subject_id
            GROUP BY kind, other, record
            HAVING argMax(deleted, version) = 0
        )
        WHERE other NOT IN (SELECT inactive_accounts.actor_id FROM inactive_accounts)
    ) AS reactions
SELECT line.1 AS name, line.2 AS ok, line.3 AS value, line.4 AS needs
FROM (SELECT arrayJoin([
    ('age', toUInt8(now_ms >= at AND now_ms - at <= {window_hours:UInt32} * 3600000), concat(toString(round(age_hours, 2)), ' hours'), concat('at most ', toString({window_hours:UInt32}), ' hours')),
    ('you follow the author', toUInt8(is_followed), if(is_followed, 'yes', 'no'), 'a follow'),
    ('reactions', toUInt8(reactions > 0), toString(reactions), 'one, and more than the author''s other posts of these hours')
]) AS line)
