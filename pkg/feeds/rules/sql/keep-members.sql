-- Removes all but the given ones.
DELETE FROM feed_members WHERE rkey = $1 AND NOT (did = ANY ($2::text[])) RETURNING did
