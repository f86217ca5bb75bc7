-- A bridged day on which an analysis turns up late becomes an active one.
INSERT INTO streak_days (user_id, day, kind)
SELECT * FROM unnest($1::text[], $2::date[], $3::text[])
ON CONFLICT (user_id, day) DO UPDATE SET kind = excluded.kind
