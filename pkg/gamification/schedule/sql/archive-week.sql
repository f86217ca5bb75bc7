-- The best $3 of the week that began on $1, under its name $2, as it ended: once it is written, what is counted late changes nothing.
-- Who have as much share a rank; where the last place falls among those, the higher ids are in, as on the board in Redis.
INSERT INTO leaderboards (period, rank, user_id, xp)
SELECT $2, rank() OVER (ORDER BY w.xp DESC), w.user_id, w.xp
FROM weekly_xp w
JOIN players p ON p.user_id = w.user_id AND NOT p.hidden AND NOT p.inactive
JOIN users u ON u.did = w.user_id AND u.deleted_at IS NULL
WHERE w.week = $1::date AND w.xp > 0 AND NOT EXISTS (SELECT FROM leaderboards l WHERE l.period = $2)
ORDER BY w.xp DESC, w.user_id COLLATE "C" DESC
LIMIT $3
ON CONFLICT (period, user_id) DO NOTHING
RETURNING user_id
