-- They left while we made their rows.
WITH tiers AS (DELETE FROM player_tiers WHERE user_id = ANY($1::text[]))
DELETE FROM players WHERE user_id = ANY($1::text[])
