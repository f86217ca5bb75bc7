SELECT user_id, day, kind FROM streak_days WHERE user_id = ANY($1::text[])
