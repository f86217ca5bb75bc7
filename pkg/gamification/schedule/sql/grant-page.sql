-- Whose tier has freezes ($3: which have) at the first moment of month $1 and who were not given any since, the next $4 after $2.
SELECT user_id, tier
FROM (
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
    ) AS tier
  FROM players p
  LEFT JOIN streaks s ON s.user_id = p.user_id
  WHERE p.user_id > $2 AND (s.freezes_month IS NULL OR s.freezes_month < $1::date)
) AS players_then
WHERE tier = ANY($3::text[])
ORDER BY user_id
LIMIT $4
