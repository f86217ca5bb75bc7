INSERT INTO streaks (
  user_id, current_streak, longest_streak, last_activity_date, streak_start_date, freezes_left, freezes_month
)
SELECT * FROM unnest($1::text[], $2::integer[], $3::integer[], $4::date[], $5::date[], $6::integer[], $7::date[])
ON CONFLICT (user_id) DO UPDATE SET
  current_streak = excluded.current_streak,
  longest_streak = excluded.longest_streak,
  last_activity_date = excluded.last_activity_date,
  streak_start_date = excluded.streak_start_date,
  freezes_left = excluded.freezes_left,
  freezes_month = excluded.freezes_month
