SELECT subject, reason, banned_at FROM feed_bans WHERE subject > $1 ORDER BY subject LIMIT $2
