UPDATE players SET hidden = $2, version = version + 1 WHERE user_id = $1 AND hidden <> $2
