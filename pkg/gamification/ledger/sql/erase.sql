-- All that gamification keeps of one user. The row in `players` goes by the same statement: it is locked.
WITH
  ledger AS (DELETE FROM xp_transactions WHERE user_id = $1),
  weekly AS (DELETE FROM weekly_xp WHERE user_id = $1),
  tiers AS (DELETE FROM player_tiers WHERE user_id = $1),
  days AS (DELETE FROM streak_days WHERE user_id = $1),
  streak AS (DELETE FROM streaks WHERE user_id = $1),
  unlocked AS (DELETE FROM user_achievements WHERE user_id = $1),
  archived AS (DELETE FROM leaderboards WHERE user_id = $1)
DELETE FROM players WHERE user_id = $1
