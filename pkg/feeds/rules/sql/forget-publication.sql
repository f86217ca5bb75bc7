DELETE FROM feed_publications WHERE rkey = $1 AND publisher_did = $2 RETURNING rkey
