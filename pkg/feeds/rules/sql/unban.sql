DELETE FROM feed_bans WHERE subject = $1 RETURNING subject
