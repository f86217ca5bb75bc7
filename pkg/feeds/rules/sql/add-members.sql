INSERT INTO feed_members (rkey, did, added_at)
SELECT $1, did, $3 FROM unnest($2::text[]) AS given (did)
ON CONFLICT (rkey, did) DO NOTHING
RETURNING did
