-- How many a week's archive has, and $2's place in it: nulls where they have none.
SELECT count(*) AS total, max(rank) FILTER (WHERE user_id = $2) AS rank, max(xp) FILTER (WHERE user_id = $2) AS xp
FROM leaderboards WHERE period = $1
