-- The next $3 users after $2, with their tier at the first moment of month $1 and whether they were given freezes since. Everybody, a
-- stretch of the table at a time: looking for those whose tier has freezes would go through the whole table for each page.
SELECT
  p.user_id,
  coalesce(
    (
      SELECT t.tier FROM player_tiers t
      WHERE t.user_id = p.user_id AND t.since <= ($1::date::timestamp AT TIME ZONE 'UTC')
      ORDER BY t.since DESC LIMIT 1
    ),
    -- Who has a row was noted with a tier when it was made.
    p.tier
  ) AS tier,
  coalesce((SELECT s.freezes_month >= $1::date FROM streaks s WHERE s.user_id = p.user_id), false) AS is_given
FROM (SELECT user_id, tier FROM players WHERE user_id > $2 ORDER BY user_id LIMIT $3) AS p
ORDER BY p.user_id
