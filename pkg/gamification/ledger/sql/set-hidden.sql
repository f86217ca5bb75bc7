-- In both, in one statement: a row of `players` that is lost and made again still knows what its user chose.
WITH chosen AS (UPDATE users SET off_leaderboards = $2 WHERE did = $1 AND off_leaderboards <> $2)
UPDATE players SET hidden = $2, version = version + 1 WHERE user_id = $1 AND hidden <> $2
