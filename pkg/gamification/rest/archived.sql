-- A page of a week that is over, with those who may not be shown any more; $2 and $3: how many, and after how many.
SELECT user_id, rank, xp FROM leaderboards WHERE period = $1 ORDER BY rank, user_id LIMIT $2 OFFSET $3
