INSERT INTO weekly_xp AS w (week, user_id, xp)
SELECT r.week, r.user_id, r.xp FROM unnest($1::date[], $2::text[], $3::bigint[]) AS r (week, user_id, xp)
ON CONFLICT (week, user_id) DO UPDATE SET xp = w.xp + excluded.xp
