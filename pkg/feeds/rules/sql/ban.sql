INSERT INTO feed_bans (subject, reason, banned_at) VALUES ($1, $2, $3)
ON CONFLICT (subject) DO UPDATE SET reason = EXCLUDED.reason
RETURNING xmax = 0 AS added
