-- Of these users all that is made of the ledger, but their row in `players`.
WITH
  weekly AS (DELETE FROM weekly_xp WHERE user_id = ANY($1::text[])),
  days AS (DELETE FROM streak_days WHERE user_id = ANY($1::text[])),
  streak AS (DELETE FROM streaks WHERE user_id = ANY($1::text[]))
DELETE FROM user_achievements WHERE user_id = ANY($1::text[])
