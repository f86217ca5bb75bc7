SELECT count(*) AS users FROM users WHERE deleted_at IS NULL
