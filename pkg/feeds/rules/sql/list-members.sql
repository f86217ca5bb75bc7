SELECT did, added_at FROM feed_members WHERE rkey = $1 AND did > $2 ORDER BY did LIMIT $3
