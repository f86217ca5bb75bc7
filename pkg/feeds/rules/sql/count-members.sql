SELECT count(*) AS n FROM feed_members
