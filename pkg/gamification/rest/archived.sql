-- A page of a week that is over, with those who may not be shown any more, in the order in which they stood on the board; $2 and $3: how many, and after how many.
SELECT user_id, rank, xp FROM leaderboards WHERE period = $1 ORDER BY rank, user_id COLLATE "C" DESC LIMIT $2 OFFSET $3
