SELECT rkey, publisher_did, cid, published_at FROM feed_publications ORDER BY rkey, publisher_did
