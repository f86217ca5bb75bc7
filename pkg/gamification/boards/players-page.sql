-- The next $2 users with XP of any kind, after $1.
SELECT user_id FROM players WHERE user_id > $1 ORDER BY user_id LIMIT $2
