-- Users who are here, a page at a time.
SELECT did AS user_id FROM users WHERE did > $1 AND deleted_at IS NULL ORDER BY did LIMIT $2
