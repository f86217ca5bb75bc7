-- What the index has: since when, how far, and the posts of the last day. `posts` lies by day: little of it is read.
SELECT
    (SELECT min(first_time_us) FROM ingest_log WHERE events > 0) AS since_us,
    (SELECT max(last_time_us) FROM ingest_log WHERE events > 0) AS until_us,
    (
        SELECT count()
        FROM (
            SELECT actor_id, tid
            FROM posts
            WHERE day >= toDate({since_day:String}) AND tid >= {since_tid:UInt64} AND bitShiftRight(tid, 63) = 0
            GROUP BY day, actor_id, tid
            HAVING argMax(deleted, version) = 0
        )
    ) AS recent_posts
