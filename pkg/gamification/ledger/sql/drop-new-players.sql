-- They left while we made their rows.
DELETE FROM players WHERE user_id = ANY($1::text[])
