SELECT subject FROM feed_bans LIMIT $1
