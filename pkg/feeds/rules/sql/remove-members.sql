DELETE FROM feed_members WHERE rkey = $1 AND did = ANY ($2::text[]) RETURNING did
