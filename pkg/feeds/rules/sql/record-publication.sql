INSERT INTO feed_publications (rkey, publisher_did, cid, published_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (rkey, publisher_did) DO UPDATE SET cid = EXCLUDED.cid, published_at = EXCLUDED.published_at
