-- Whether a user is here; locked, so that they cannot come back while their rows go.
SELECT deleted_at IS NULL AS is_here FROM users WHERE did = $1 FOR UPDATE
